using System.Diagnostics;
using System.Runtime.Versioning;
using SyncCluster.Scripts.Isolation;

namespace SyncCluster.Scripts.Tests.Isolation;

/// <summary>A test whose scripts run as other users.</summary>
[SupportedOSPlatform("linux")]
internal sealed class UsersFactAttribute : FactAttribute
{
    public UsersFactAttribute() => Skip = SkipReason;

    public static string? SkipReason { get; } =
        Capabilities.MissingForUsers() is { Count: > 0 } missing ? $"This process lacks {string.Join(", ", missing)}." : null;
}

/// <inheritdoc cref="UsersFactAttribute"/>
[SupportedOSPlatform("linux")]
internal sealed class UsersTheoryAttribute : TheoryAttribute
{
    public UsersTheoryAttribute() => Skip = UsersFactAttribute.SkipReason;
}

/// <summary>A test whose scripts run in a sandbox. Skipped only where the system refuses one: the program must be there.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SandboxFactAttribute : FactAttribute
{
    public SandboxFactAttribute() => Skip = SkipReason;

    public static string? SkipReason { get; } = Refusal();

    private static string? Refusal()
    {
        var start = new ProcessStartInfo("unshare", ["--user", "--map-root-user", "--pid", "--mount", "--fork", "--mount-proc", "true"])
        {
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : "This system refuses namespaces: " + error.Trim();
    }
}

/// <inheritdoc cref="SandboxFactAttribute"/>
[SupportedOSPlatform("linux")]
internal sealed class SandboxTheoryAttribute : TheoryAttribute
{
    public SandboxTheoryAttribute() => Skip = SandboxFactAttribute.SkipReason;
}
