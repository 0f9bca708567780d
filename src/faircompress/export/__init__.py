"""Networks as ONNX files, in each precision, and those files at work."""
