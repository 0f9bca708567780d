{{- define "worker.name" -}}
{{- printf "%s-worker" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- define "worker.labels" -}}
app.kubernetes.io/name: faircompress-worker
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "worker.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- define "worker.container" -}}
image: {{ include "worker.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
workingDir: /project
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}
