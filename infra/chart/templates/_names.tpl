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
{{- define "worker.mounts" -}}
- {name: project, mountPath: /project, subPath: project}
- {name: scratch, mountPath: /tmp, subPath: tmp}
- {name: scratch, mountPath: /home/faircompress, subPath: home}
- {name: shared-memory, mountPath: /dev/shm}
- {name: remote, mountPath: /etc/dvc, readOnly: true}
{{- if .Values.project.netrcSecret }}
- {name: netrc, mountPath: /home/faircompress/.netrc, subPath: netrc, readOnly: true}
{{- end }}
{{- end -}}
