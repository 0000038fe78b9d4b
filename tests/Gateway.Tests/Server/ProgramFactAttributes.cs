using System.Diagnostics;
using System.Runtime.Versioning;
using SyncCluster.Harness;
using SyncCluster.Scripts.Isolation;
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
    public NginxFactAttribute() => Skip = SkipReason;

    public static string? SkipReason { get; } =
        InstalledPrograms.Find("nginx") is null ? "nginx is not installed: apt-get install nginx-light" : null;
}

/// <inheritdoc cref="NginxFactAttribute"/>
internal sealed class NginxTheoryAttribute : TheoryAttribute
{
    public NginxTheoryAttribute() => Skip = NginxFactAttribute.SkipReason;
}

/// <summary>A test whose scripts run as users of their customers.</summary>
[SupportedOSPlatform("linux")]
internal sealed class UsersFactAttribute : FactAttribute
{
    public UsersFactAttribute() => Skip = SkipReason;

    public static string? SkipReason { get; } =
        Capabilities.MissingForUsers() is { Count: > 0 } missing ? $"This process lacks {string.Join(", ", missing)}." : null;

    /// <summary>Empty where the tests are skipped, so that their server starts.</summary>
    public static string[] Settings => SkipReason is null ? ["--LocalExecutor:Users:acme=20001", "--LocalExecutor:Users:globex=20002"] : [];
}

/// <summary>A test whose scripts run in a sandbox. Skipped only where the system refuses one.</summary>
internal sealed class SandboxFactAttribute : FactAttribute
{
    public SandboxFactAttribute() => Skip = SkipReason;

    public static string? SkipReason { get; } = Refusal();

    /// <inheritdoc cref="UsersFactAttribute.Settings"/>
    public static string[] Settings => SkipReason is null ? ["--LocalExecutor:Sandbox=bubblewrap"] : [];

    private static string? Refusal()
    {
        using var process = Process.Start(
            new ProcessStartInfo("unshare", ["--user", "--map-root-user", "--pid", "--mount", "--fork", "--mount-proc", "true"]))!;
        process.WaitForExit();
        return process.ExitCode == 0 ? null : "This system refuses namespaces.";
    }
}

/// <summary>A test whose server is not root and has a sandbox. Skipped as well where only root can read the build.</summary>
[SupportedOSPlatform("linux")]
internal sealed class UnprivilegedSandboxFactAttribute : FactAttribute
{
    public UnprivilegedSandboxFactAttribute() => Skip = SandboxFactAttribute.SkipReason ?? (MayReadBuild() ? null : "Only root can read this build.");

    /// <summary>The words before a command that is not to run as root.</summary>
    public static string[] Words => UsersFactAttribute.SkipReason is null ? Unprivileged : ["env"];

    /// <inheritdoc cref="Words"/>
    public static string[] Unprivileged { get; } = ["setpriv", "--reuid=20009", "--regid=20009", "--clear-groups"];

    private static bool MayReadBuild()
    {
        var build = typeof(UnprivilegedSandboxFactAttribute).Assembly.Location;
        using var process = Process.Start(new ProcessStartInfo(Words[0], [.. Words[1..], "test", "-r", build]))!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
