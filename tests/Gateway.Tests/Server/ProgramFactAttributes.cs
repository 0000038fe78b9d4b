using SyncCluster.Harness;
using SyncCluster.Tests;

namespace SyncCluster.Gateway.Tests.Server;

/// <summary>A test that needs Node.</summary>
internal sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute() => Skip = SkipReason;

    public static string? SkipReason { get; } = InstalledPrograms.Find("node") is null ? "Node is not installed." : null;
}

/// <summary>A test that runs the recipe of TheEye, whose script needs Node.</summary>
internal sealed class TheEyeRecipeRunFactAttribute : TheEyeRecipeFactAttribute
{
    public TheEyeRecipeRunFactAttribute() => Skip ??= NodeFactAttribute.SkipReason;
}

/// <summary>A test that needs nginx.</summary>
internal sealed class NginxFactAttribute : FactAttribute
{
    public NginxFactAttribute() => Skip = InstalledPrograms.Find("nginx") is null ? "nginx is not installed: apt-get install nginx-light" : null;
}
