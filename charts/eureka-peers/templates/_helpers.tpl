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

{{/* An image by digest where there is one, else by tag: (dict "image" … "tag" the default "of" its
     value "what" it is "else" what helps besides). */}}
{{- define "eureka-peers.image" -}}
{{- $_ := required (printf "%s.image.repository is not set: name the image of %s%s" .of .what .else) .image.repository -}}
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

{{/* What Pod Security "restricted" wants of a pod, and what the operator says besides, or instead. */}}
{{- define "eureka-peers.pod" -}}
{{- $restricted := dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") }}
{{- toYaml (merge (dict) (.Values.podSecurityContext | default dict) $restricted) }}
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

{{/* The sidecar's variables. */}}
{{- define "eureka-peers.sidecar" -}}
{{- include "eureka-peers.field" (list "POD_NAME" "metadata.name") | nindent 0 }}
{{- include "eureka-peers.field" (list "POD_NAMESPACE" "metadata.namespace") | nindent 0 }}
{{- include "eureka-peers.field" (list "POD_IP" "status.podIP") | nindent 0 }}
- name: EUREKA_PEERS_SERVICE
  value: {{ .Release.Name }}
{{- if ne .Values.topology "statefulset" }}
- name: EUREKA_PEERS_PEER_HOST
  value: ipv4
{{- end }}
- name: EUREKA_PEERS_OUTPUT_DIR
  value: /eureka-peers
- name: EUREKA_PEERS_ON_DEADLINE
  value: wait
- name: EUREKA_PEERS_ACTUATOR_URL
  value: http://127.0.0.1:8762{{ .Values.server.actuatorBasePath }}
{{- if ne (int .Values.server.port) 8761 }}
- name: EUREKA_PEERS_PORT
  value: {{ .Values.server.port | quote }}
{{- end }}
{{- with .Values.server.contextPath }}
- name: EUREKA_PEERS_CONTEXT_PATH
  value: {{ . }}/eureka/
{{- end }}
{{- end }}

{{/* What an operator sets besides, or instead. */}}
{{- define "eureka-peers.settings" -}}
{{- range $flag, $value := .Values.sidecar.settings }}
- name: EUREKA_PEERS_{{ $flag | upper | replace "-" "_" }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* The server's variables: docs/environment/, line by line. */}}
{{- define "eureka-peers.server" -}}
{{- if eq .Values.topology "statefulset" }}
{{- include "eureka-peers.field" (list "POD_NAME" "metadata.name") | nindent 0 }}
{{- include "eureka-peers.field" (list "POD_NAMESPACE" "metadata.namespace") | nindent 0 }}
{{- else }}
{{- include "eureka-peers.field" (list "POD_IP" "status.podIP") | nindent 0 }}
{{- end }}
{{- $names := list "-Dsun.net.inetaddr.ttl=5" "-Dsun.net.inetaddr.negative.ttl=1" }}
{{- $options := prepend (ternary $names list (eq .Values.topology "statefulset")) "-XX:MaxRAMPercentage=50" }}
- name: JAVA_TOOL_OPTIONS
  value: {{ concat $options .Values.server.javaOptions | join " " | quote }}
- name: SERVER_PORT
  value: {{ .Values.server.port | quote }}
{{- with .Values.server.contextPath }}
- name: SERVER_SERVLET_CONTEXTPATH
  value: {{ . }}
{{- end }}
{{- if ne .Values.server.actuatorBasePath "/actuator" }}
- name: MANAGEMENT_ENDPOINTS_WEB_BASEPATH
  value: {{ .Values.server.actuatorBasePath }}
{{- end }}
- name: SERVER_SHUTDOWN
  value: graceful
- name: SPRING_APPLICATION_NAME
  value: eureka
- name: SPRING_CONFIG_IMPORT
  value: {{ append .Values.server.imports "optional:file:/eureka-peers/peers.properties" | join "," | quote }}
- name: EUREKA_CLIENT_REGISTERWITHEUREKA
  value: "true"
- name: EUREKA_CLIENT_FETCHREGISTRY
  value: "true"
- name: EUREKA_CLIENT_REFRESH_ENABLE
  value: "false"
- name: SPRING_MAIN_ALLOW_CIRCULAR_REFERENCES
  value: "true"
- name: EUREKA_CLIENT_ONDEMANDUPDATESTATUSCHANGE
  value: "false"
- name: EUREKA_CLIENT_INITIALINSTANCEINFOREPLICATIONINTERVALSECONDS
  value: "2"
- name: EUREKA_CLIENT_INSTANCEINFOREPLICATIONINTERVALSECONDS
  value: "2"
- name: EUREKA_CLIENT_EUREKASERVICEURLPOLLINTERVALSECONDS
  value: "30"
{{- if eq .Values.topology "statefulset" }}
- name: EUREKA_INSTANCE_HOSTNAME
  value: $(POD_NAME).{{ .Release.Name }}.$(POD_NAMESPACE).svc.{{ .Values.clusterDomain }}
- name: EUREKA_INSTANCE_PREFERIPADDRESS
  value: "false"
{{- else }}
- name: EUREKA_INSTANCE_PREFERIPADDRESS
  value: "true"
- name: EUREKA_INSTANCE_IPADDRESS
  value: $(POD_IP)
{{- end }}
- name: MANAGEMENT_SERVER_PORT
  value: "8762"
- name: MANAGEMENT_SERVER_ADDRESS
  value: 127.0.0.1
- name: MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE
  value: health,refresh
- name: MANAGEMENT_ENDPOINT_HEALTH_PROBES_ENABLED
  value: "true"
- name: MANAGEMENT_ENDPOINT_HEALTH_PROBES_ADDADDITIONALPATHS
  value: "true"
- name: EUREKA_SERVER_PEERNODECONNECTTIMEOUTMS
  value: "2000"
- name: EUREKA_SERVER_PEERNODEREADTIMEOUTMS
  value: "5000"
- name: EUREKA_SERVER_REGISTRYSYNCRETRIES
  value: "1"
- name: EUREKA_INSTANCE_REGISTRY_DEFAULTOPENFORTRAFFICCOUNT
  value: "0"
- name: EUREKA_SERVER_WAITTIMEINMSWHENSYNCEMPTY
  value: "40000"
{{- end }}

{{/* Variables of ours and the operator's, each name once: his stand in the place of ours, since $(NAME)
     looks back only. The API server refuses a name that
     is there twice. (dict "own" YAML "more" YAML). */}}
{{- define "eureka-peers.environment" -}}
{{- $overrides := dict }}
{{- range fromYamlArray .more }}
{{- $_ := set $overrides .name . }}
{{- end }}
{{- $environment := list }}
{{- $names := list }}
{{- range fromYamlArray .own }}
{{- $environment = append $environment (get $overrides .name | default .) }}
{{- $names = append $names .name }}
{{- end }}
{{- range fromYamlArray .more }}
{{- if not (has .name $names) }}
{{- $environment = append $environment . }}
{{- end }}
{{- end }}
{{- toYaml $environment }}
{{- end }}
