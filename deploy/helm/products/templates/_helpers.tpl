{{/* The version that runs. */}}
{{- define "products.version" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "products.image" -}}
{{ .Values.image.repository }}:{{ include "products.version" . }}
{{- end }}

{{/* Labels of a thing: (list $ name). The version is in no selector: selectors cannot change. */}}
{{- define "products.labels" -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/part-of: products
app.kubernetes.io/version: {{ include "products.version" (index . 0) | quote }}
{{- end }}

{{/* Of every pod, for the Pod Security Standard "restricted". */}}
{{- define "products.podSecurity" -}}
automountServiceAccountToken: false
# A Service called "jaeger-agent" would set JAEGER_AGENT_PORT.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "products.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Annotations of what is there before the pods are rolled, in the order of its argument. */}}
{{- define "products.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation
argocd.argoproj.io/hook: PreSync
argocd.argoproj.io/sync-wave: {{ . | quote }}
argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
{{- end }}

{{- define "products.databaseEgress" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
    # NodeLocal DNSCache, where the cluster has it.
    - ipBlock:
        cidr: 169.254.20.10/32
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
- to:
    {{- toYaml .Values.database.peers | nindent 4 }}
  ports:
    {{- range .Values.database.ports }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- end }}

{{- define "products.tracesPort" -}}
{{- $usual := dict "otlp" 4318 "collector" 14268 "agent" 6831 -}}
{{- .Values.traces.port | default (get $usual .Values.traces.receiver) -}}
{{- end }}

{{/* The service's variables, but for its secret. */}}
{{- define "products.env" -}}
WEB_CONCURRENCY: {{ .Values.workers | quote }}
# V8 knows the limit of memory, but no other worker, and takes a young generation of 3 MB below 1 GiB: docs/deployment.md.
# Several workers are given theirs by the service.
NODE_OPTIONS: --max-old-space-size-percentage={{ div 60 .Values.workers }}{{ if eq (int .Values.workers) 1 }} --max-semi-space-size=16{{ end }}
SHUTDOWN_DELAY: {{ .Values.shutdown.delay | quote }}
SHUTDOWN_TIMEOUT: {{ .Values.shutdown.timeout | quote }}
{{- with .Values.traces }}
{{- $port := include "products.tracesPort" $ }}
{{- if eq .receiver "otlp" }}
OTEL_EXPORTER_OTLP_ENDPOINT: http://{{ .host }}:{{ $port }}
{{- else if eq .receiver "collector" }}
JAEGER_ENDPOINT: http://{{ .host }}:{{ $port }}/api/traces
{{- else if eq .receiver "agent" }}
JAEGER_AGENT_HOST: {{ .host | quote }}
JAEGER_AGENT_PORT: {{ $port | quote }}
{{- else }}
OTEL_TRACES_EXPORTER: none
{{- end }}
JAEGER_SAMPLER_TYPE: {{ .sampler }}
JAEGER_SAMPLER_PARAM: {{ .samplerParam | quote }}
{{- if eq .sampler "remote" }}
JAEGER_SAMPLING_ENDPOINT: http://{{ .host }}:5778/sampling
{{- end }}
{{- end }}
{{- range $name, $value := .Values.env }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
