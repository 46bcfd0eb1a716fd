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
     value "what" it is "else" what helps besides "root" .). A registry is what Docker takes for one: the first part,
     where it has a dot or a port. */}}
{{- define "eureka-peers.image" -}}
{{- $repository := required (printf "%s.image.repository is not set: name the image of %s%s" .of .what .else) .image.repository -}}
{{- if regexMatch "^([a-z0-9-]+[.])*example[.](com|net|org)([:/]|$)" $repository -}}
{{- fail (printf "%s.image.repository is %s, which stands for a registry of your own in our pages: name the image of %s" .of $repository .what) -}}
{{- end -}}
{{- with (.root.Values.global).imageRegistry -}}
{{- $parts := splitList "/" $repository -}}
{{- if and (gt (len $parts) 1) (or (regexMatch "[.:]" (first $parts)) (eq (first $parts) "localhost")) -}}
{{- $parts = rest $parts -}}
{{- end -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (join "/" $parts) -}}
{{- end -}}
{{- if .image.digest -}}
{{ $repository }}@{{ .image.digest }}
{{- else -}}
{{ $repository }}:{{ .image.tag | default .tag }}
{{- end -}}
{{- end }}

{{- define "eureka-peers.ours" -}}
{{- include "eureka-peers.image" (dict "image" .Values.sidecar.image "tag" .Chart.AppVersion "of" "sidecar" "what" "eureka-peers" "else" "" "root" .) -}}
{{- end }}

{{- define "eureka-peers.pull-secrets" -}}
{{- with concat .Values.imagePullSecrets ((.Values.global).imagePullSecrets | default list) -}}
imagePullSecrets:
{{- range . }}
  - name: {{ kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name") }}
{{- end }}
{{- end }}
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

{{/* Over zones and nodes, unless the operator says otherwise; a DaemonSet is spread already. */}}
{{- define "eureka-peers.spread" -}}
{{- $ours := dict "matchLabels" (include "eureka-peers.selector" . | fromYaml) }}
{{- $spread := list }}
{{- if ne .Values.topology "daemonset" }}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
{{- $spread = append $spread (dict "maxSkew" 1 "topologyKey" . "whenUnsatisfiable" "ScheduleAnyway") }}
{{- end }}
{{- end }}
{{- if kindIs "slice" .Values.topologySpreadConstraints }}
{{- $spread = .Values.topologySpreadConstraints }}
{{- end }}
{{- if $spread -}}
topologySpreadConstraints:
{{- range $spread }}
  {{- $own := hasKey . "labelSelector" | ternary dict (dict "labelSelector" $ours) }}
  - {{- toYaml (merge (dict) . $own) | nindent 4 }}
{{- end }}
{{- end }}
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

{{/* The variables of `helm test`, which finds the servers as the sidecar does. */}}
{{- define "eureka-peers.mesh" -}}
{{- range include "eureka-peers.sidecar" . | fromYamlArray }}
{{- if has .name (list "POD_NAMESPACE" "EUREKA_PEERS_SERVICE" "EUREKA_PEERS_PEER_HOST" "EUREKA_PEERS_PORT" "EUREKA_PEERS_CONTEXT_PATH") }}
- {{- toYaml . | nindent 2 }}
{{- end }}
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

{{/* What an operator sets besides, or instead, in the sidecar: (list …) as in a pod. */}}
{{- define "eureka-peers.sidecar-more" -}}
{{- toYaml (concat (include "eureka-peers.settings" . | fromYamlArray) .Values.sidecar.env) }}
{{- end }}

{{/* Variables of ours and the operator's, each name once: his stand in the place of ours, since $(NAME)
     looks back only, and of two of his the last one counts. The API server refuses a name that
     is there twice. (dict "own" YAML "more" YAML). */}}
{{- define "eureka-peers.environment" -}}
{{- $overrides := dict }}
{{- range fromYamlArray .more }}
{{- $_ := set $overrides .name . }}
{{- end }}
{{- $environment := list }}
{{- $names := list }}
{{- range concat (fromYamlArray .own) (fromYamlArray .more) }}
{{- if not (has .name $names) }}
{{- $environment = append $environment (get $overrides .name | default .) }}
{{- $names = append $names .name }}
{{- end }}
{{- end }}
{{- toYaml $environment }}
{{- end }}

{{/* What lets people in from outside the cluster, whom the NetworkPolicy does not know. */}}
{{- define "eureka-peers.outside" -}}
{{- if .Values.ingress.enabled }}ingress.enabled
{{- else if .Values.httpRoute.enabled }}httpRoute.enabled
{{- else if ne .Values.service.type "ClusterIP" }}service.type={{ .Values.service.type }}
{{- end }}
{{- end }}
