{{/* A Pod: the controller, and NGINX's own image beside it. */}}
{{- define "painless.pod" -}}
{{- $root := .root -}}{{- $c := .c -}}
{{- $self := . -}}
metadata:
  labels:
    {{- include "painless.selector" . | nindent 4 }}
    {{- with $c.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $c.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "painless.serviceAccount" $root }}
  # The token is mounted where it is used, in the controller's container, and nowhere else.
  automountServiceAccountToken: false
  # The controller signals NGINX and reads from /proc which generation each of its workers runs.
  shareProcessNamespace: true
  terminationGracePeriodSeconds: {{ (include "painless.shutdown" . | fromJson).total }}
  dnsPolicy: {{ default ($c.hostNetwork | ternary "ClusterFirstWithHostNet" "ClusterFirst") $c.dnsPolicy }}
  {{- with $c.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $c.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- with $c.hostname }}
  hostname: {{ . }}
  {{- end }}
  {{- with $c.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $c.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- include "painless.podSecurity" . | nindent 4 }}
  {{- with $c.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $c.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $c.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- if $c.topologySpreadConstraints }}
    {{- toYaml $c.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "painless.selector" $self | nindent 10 }}
    {{- end }}
    {{- end }}
  initContainers:
    {{- include "painless.runnerContainer" . | nindent 4 }}
    {{- with $c.extraInitContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  containers:
    {{- include "painless.controllerContainer" . | nindent 4 }}
    {{- include "painless.nginxContainer" . | nindent 4 }}
    {{- with $c.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "painless.volumes" . | nindent 4 }}
{{- end -}}

{{- define "painless.podSecurity" -}}
{{- $c := .c -}}
{{- $sysctls := list -}}
{{- $low := or (lt (int (include "painless.httpPort" .)) 1024) (lt (int (include "painless.httpsPort" .)) 1024) -}}
{{- if and $low (not $c.hostNetwork) -}}
{{- $sysctls = append $sysctls (dict "name" "net.ipv4.ip_unprivileged_port_start" "value" "0") -}}
{{- end -}}
{{- range $name, $value := $c.sysctls -}}
{{- $sysctls = append $sysctls (dict "name" $name "value" (toString $value)) -}}
{{- end -}}
{{- $context := dict
      "runAsNonRoot" true
      "runAsUser" (int $c.image.runAsUser)
      "runAsGroup" (int $c.image.runAsGroup)
      "fsGroup" (int $c.image.runAsGroup)
      "fsGroupChangePolicy" "OnRootMismatch"
      "seccompProfile" (dict "type" "RuntimeDefault")
-}}
{{- if $sysctls -}}{{- $_ := set $context "sysctls" $sysctls -}}{{- end -}}
{{- toYaml (mergeOverwrite $context (deepCopy $c.podSecurityContext)) -}}
{{- end -}}

{{- define "painless.security" -}}
{{- $context := dict
      "allowPrivilegeEscalation" false
      "readOnlyRootFilesystem" true
      "runAsNonRoot" true
      "capabilities" (dict "drop" (list "ALL"))
      "seccompProfile" (dict "type" "RuntimeDefault")
-}}
{{- toYaml (mergeOverwrite $context (deepCopy .c.containerSecurityContext)) -}}
{{- end -}}

{{/* Takes a probe's values and a path: what is asked is ours, when and how often is theirs. */}}
{{- define "painless.probe" -}}
{{- toYaml (merge (dict "httpGet" (dict "path" .path "port" "healthz" "scheme" "HTTP")) (omit .probe "httpGet" "exec" "tcpSocket" "grpc")) -}}
{{- end -}}

{{- define "painless.controllerContainer" -}}
{{- $root := .root -}}{{- $c := .c -}}
- name: {{ $c.containerName }}
  image: {{ include "painless.controllerImage" . }}
  imagePullPolicy: {{ $c.image.pullPolicy }}
  args:
    - serve
    {{- range $flag, $value := include "painless.flags" . | fromYaml }}
    {{- if include "painless.knows" (dict "root" $root "flag" $flag) }}
    {{- /* A flag without a value is a switch, but for the one that is turned off so. */}}
    - {{ (and (eq $value "") (ne $flag "admin-address") | ternary (printf "--%s" $flag) (printf "--%s=%s" $flag $value)) | quote }}
    {{- end }}
    {{- end }}
  env:
    - name: POD_NAME
      valueFrom:
        fieldRef:
          fieldPath: metadata.name
    - name: POD_NAMESPACE
      valueFrom:
        fieldRef:
          fieldPath: metadata.namespace
    {{- with $c.extraEnvs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: healthz
      containerPort: {{ include "painless.healthPort" . }}
    {{- if $c.admissionWebhooks.enabled }}
    - name: webhook
      containerPort: {{ include "painless.webhookPort" . }}
    {{- end }}
    {{- if include "painless.adminAddress" . }}
    - name: admin
      containerPort: {{ int $c.admin.port }}
    {{- end }}
  {{- with $c.startupProbe }}
  startupProbe:
    {{- include "painless.probe" (dict "probe" . "path" $c.healthCheckPath) | nindent 4 }}
  {{- end }}
  livenessProbe:
    {{- include "painless.probe" (dict "probe" $c.livenessProbe "path" $c.healthCheckPath) | nindent 4 }}
  readinessProbe:
    {{- include "painless.probe" (dict "probe" $c.readinessProbe "path" "/readyz") | nindent 4 }}
  {{- if and $c.lifecycle (not (contains "/wait-shutdown" (toJson $c.lifecycle))) }}
  lifecycle:
    {{- toYaml $c.lifecycle | nindent 4 }}
  {{- end }}
  resources:
    {{- toYaml $c.controlPlane.resources | nindent 4 }}
  securityContext:
    {{- include "painless.security" . | nindent 4 }}
  volumeMounts:
    {{- include "painless.sharedMounts" . | nindent 4 }}
    - name: api-access
      mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      readOnly: true
    {{- if $c.admissionWebhooks.enabled }}
    - name: webhook
      mountPath: /etc/painless/webhook
      readOnly: true
    {{- end }}
    {{- range $of, $_ := include "painless.adminSecrets" . | fromJson }}
    - name: admin-{{ $of }}
      mountPath: /etc/painless/admin-{{ $of }}
      readOnly: true
    {{- end }}
    {{- with $c.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Brings the script that runs NGINX for us into the official image, which has it not. */}}
{{- define "painless.runnerContainer" -}}
- name: runner
  image: {{ include "painless.controllerImage" . }}
  imagePullPolicy: {{ .c.image.pullPolicy }}
  args: [install-runner, /run/painless]
  resources:
    {{- toYaml .c.controlPlane.resources | nindent 4 }}
  securityContext:
    {{- include "painless.security" . | nindent 4 }}
  volumeMounts:
    - name: runner
      mountPath: /run/painless
{{- end -}}

{{- define "painless.nginxContainer" -}}
{{- $c := .c -}}
- name: nginx
  image: {{ include "painless.nginxImage" . }}
  imagePullPolicy: {{ $c.nginx.image.pullPolicy }}
  # The last word is how long it leaves the end of NGINX to the controller.
  command: [sh, /run/painless/runner.sh, /run/painless, /var/lib/painless, {{ add (include "painless.shutdown" . | fromJson).grace 10 | toString | quote }}]
  {{- with $c.extraEnvs }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  ports:
    {{- if $c.service.enableHttp }}
    - name: http
      containerPort: {{ include "painless.httpPort" . }}
      {{- if $c.hostPort.enabled }}
      hostPort: {{ int $c.hostPort.ports.http }}
      {{- end }}
    {{- end }}
    {{- if $c.service.enableHttps }}
    - name: https
      containerPort: {{ include "painless.httpsPort" . }}
      {{- if $c.hostPort.enabled }}
      hostPort: {{ int $c.hostPort.ports.https }}
      {{- end }}
    {{- end }}
  resources:
    {{- toYaml $c.resources | nindent 4 }}
  securityContext:
    {{- include "painless.security" . | nindent 4 }}
  volumeMounts:
    {{- include "painless.sharedMounts" . | nindent 4 }}
    {{- with $c.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* What both containers see, at the same places: NGINX opens what the controller writes. */}}
{{- define "painless.sharedMounts" -}}
- name: state
  mountPath: /var/lib/painless
- name: log
  mountPath: /var/lib/painless/log
- name: tmp
  mountPath: /var/lib/painless/tmp
- name: runner
  mountPath: /run/painless
{{- end -}}

{{- define "painless.volumes" -}}
{{- $c := .c -}}
# Keys and configuration: in memory, gone with the Pod.
- name: state
  emptyDir:
    medium: Memory
    sizeLimit: {{ $c.state.sizeLimit }}
- name: runner
  emptyDir:
    medium: Memory
    sizeLimit: 16Mi
- name: log
  emptyDir:
    sizeLimit: {{ $c.state.logSizeLimit }}
# Request and response bodies that do not fit into buffers.
- name: tmp
  emptyDir:
    {{- if $c.state.tmpSizeLimit }}
    sizeLimit: {{ $c.state.tmpSizeLimit }}
    {{- else }} {}
    {{- end }}
- name: api-access
  projected:
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- if $c.admissionWebhooks.enabled }}
- name: webhook
  secret:
    secretName: {{ include "painless.webhookSecret" . }}
{{- end }}
{{- range $of, $name := include "painless.adminSecrets" . | fromJson }}
- name: admin-{{ $of }}
  secret:
    secretName: {{ $name }}
{{- end }}
{{- with $c.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
