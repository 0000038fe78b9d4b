using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using SyncCluster.Execution.Local;

namespace SyncCluster.Hosting.Tests;

/// <summary>The manifests for Kubernetes, read as strictly as its own client can: each field exists and has its type.</summary>
public sealed partial class KubernetesManifestTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "kubernetes");

    private static readonly IReadOnlyList<object> Manifests =
        [.. Directory.GetFiles(Folder, "*.yaml").Where(file => Path.GetFileName(file) != "kustomization.yaml").SelectMany(Read)];

    public static TheoryData<string> Servers => ["silo", "gateway"];

    [Fact]
    public void All_manifests_are_named_by_the_kustomization()
    {
        var kustomization = File.ReadAllText(Path.Combine(Folder, "kustomization.yaml"));
        var named = Resources().Match(kustomization).Groups[1].Value.Split(", ").Append("kustomization.yaml");

        Assert.Equal(Directory.GetFiles(Folder).Select(Path.GetFileName).Order(), named.Order());
        foreach (var secret in Pods.SelectMany(pod => pod.Volumes ?? []).SelectMany(Secrets))
        {
            Assert.Contains($"- name: {secret}\n", kustomization, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void A_server_has_more_time_to_stop_than_it_takes(string name)
    {
        var pod = Deployment(name).Spec.Template.Spec;
        var executor = new LocalExecutorOptions();
        var needed = name == "silo"
            ? executor.DrainTime + executor.KillGrace + TimeSpan.FromSeconds(45)
            : TimeSpan.FromSeconds(10 + 30 + pod.Containers[0].Lifecycle.PreStop.Sleep.Seconds);

        Assert.True(pod.TerminationGracePeriodSeconds > needed.TotalSeconds);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public void Servers_are_replaced_one_after_the_other_and_probed_where_they_answer(string name)
    {
        var deployment = Deployment(name);
        var container = Assert.Single(deployment.Spec.Template.Spec.Containers);

        Assert.Equal("0", deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.Value);
        Assert.Equal("/health/ready", container.ReadinessProbe.HttpGet.Path);
        Assert.Equal("/health/live", container.LivenessProbe.HttpGet.Path);
        Assert.All(
            [container.ReadinessProbe, container.LivenessProbe, container.StartupProbe],
            probe => Assert.Contains(container.Ports, port => port.Name == probe.HttpGet.Port.Value));
        var budget = Assert.Single(Manifests.OfType<V1PodDisruptionBudget>(), budget => budget.Metadata.Name == name);
        Assert.Equal(deployment.Spec.Template.Metadata.Labels, budget.Spec.Selector.MatchLabels);
    }

    [Fact]
    public void Containers_have_no_rights_but_those_that_keep_secrets_from_scripts()
    {
        Assert.All(Pods, pod =>
        {
            Assert.False(pod.AutomountServiceAccountToken);
            var container = Assert.Single(pod.Containers);
            Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
            Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
            Assert.Equal(container.Name == "silo" ? ["SETGID", "SETUID"] : null, container.SecurityContext.Capabilities.Add);
            Assert.NotEqual(container.Name == "silo", pod.SecurityContext.RunAsNonRoot == true);
            Assert.Contains("memory", container.Resources.Limits.Keys);
            Assert.DoesNotContain(container.Env ?? [], variable => variable.ValueFrom?.SecretKeyRef is not null);
        });
    }

    [Fact]
    public void Services_and_policies_name_pods_and_ports_that_exist()
    {
        Assert.All(Manifests.OfType<V1Service>(), service => Assert.Contains(
            Containers, container => container.Name == service.Spec.Selector["app"] && container.Ports.Any(
                port => port.Name == service.Spec.Ports[0].TargetPort?.Value || port.ContainerPort == service.Spec.Ports[0].Port)));
        var policies = Manifests.OfType<V1NetworkPolicy>().ToArray();
        Assert.Contains(policies, policy => policy.Spec.PodSelector.MatchLabels is null && policy.Spec.Ingress is null);
        foreach (var policy in policies.Where(policy => policy.Spec.PodSelector.MatchLabels is not null))
        {
            var container = Assert.Single(Containers, container => container.Name == policy.Spec.PodSelector.MatchLabels["app"]);
            Assert.All(
                policy.Spec.Ingress.SelectMany(rule => rule.Ports),
                allowed => Assert.Contains(container.Ports, port => $"{port.ContainerPort}" == allowed.Port.Value));
        }
    }

    private static IEnumerable<V1PodSpec> Pods => Manifests.OfType<V1Deployment>().Select(deployment => deployment.Spec.Template.Spec)
        .Concat(Manifests.OfType<V1StatefulSet>().Select(set => set.Spec.Template.Spec));

    private static IEnumerable<V1Container> Containers => Pods.SelectMany(pod => pod.Containers);

    private static V1Deployment Deployment(string name) =>
        Assert.Single(Manifests.OfType<V1Deployment>(), deployment => deployment.Metadata.Name == name);

    private static IEnumerable<object> Read(string file) => KubernetesYaml.LoadAllFromString(File.ReadAllText(file), strict: true);

    private static IEnumerable<string> Secrets(V1Volume volume) =>
        (volume.Secret is { } secret ? [secret.SecretName] : Array.Empty<string>())
        .Concat(volume.Projected?.Sources.Select(source => source.Secret.Name) ?? []);

    [GeneratedRegex(@"^resources: \[(.*)\]$", RegexOptions.Multiline)]
    private static partial Regex Resources();
}
