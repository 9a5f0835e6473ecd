{{- define "xdb.labels" -}}
app.kubernetes.io/name: xdb-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* A setting for all groups: what was given, else what the cluster has, else what holds from the beginning. */}}
{{- define "xdb.setting" -}}
{{- $live := (lookup "v1" "ConfigMap" .root.Release.Namespace "xdb-operator").data | default dict -}}
{{- $given := get .root.Values.settings .key | toString -}}
{{- $given | default (get $live .key) | default .initial | quote -}}
{{- end }}
