{{- define "eureka-peers.selector" -}}
app.kubernetes.io/name: eureka
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "eureka-peers.labels" -}}
{{ include "eureka-peers.selector" . }}
app.kubernetes.io/component: registry
app.kubernetes.io/part-of: eureka
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Values.server.image.tag | quote }}
{{- end }}

{{/* An image by digest where there is one, else by tag: (dict "image" … "tag" the default). */}}
{{- define "eureka-peers.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .tag }}
{{- end -}}
{{- end }}

{{- define "eureka-peers.hardened" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "eureka-peers.spread" -}}
maxSkew: 1
topologyKey: {{ .key }}
whenUnsatisfiable: ScheduleAnyway
labelSelector:
  matchLabels:
    {{- include "eureka-peers.selector" .root | nindent 4 }}
{{- end }}

{{/* A variable that the downward API fills in: (list name path). */}}
{{- define "eureka-peers.field" -}}
- name: {{ index . 0 }}
  valueFrom:
    fieldRef:
      fieldPath: {{ index . 1 }}
{{- end }}
