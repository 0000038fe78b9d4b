using SyncCluster.Harness;

namespace SyncCluster.WebConsole.Tests;

/// <summary>A test that needs Debian's Chromium.</summary>
internal class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Path is null ? "Chromium is not installed: apt-get install chromium" : null;

    /// <summary>The browser; null where it is not installed.</summary>
    public static string? Path { get; } = InstalledPrograms.Find("chromium");
}

/// <summary>A test that needs a browser, and nginx.</summary>
internal sealed class BalancerFactAttribute : BrowserFactAttribute
{
    public BalancerFactAttribute() => Skip ??= InstalledPrograms.Find("nginx") is null ? "nginx is not installed: apt-get install nginx-light" : null;
}

/// <summary>What makes the pictures of the document, where a folder for them is named.</summary>
internal sealed class PicturesFactAttribute : BrowserFactAttribute
{
    private const string Variable = "SYNCCLUSTER_SCREENSHOTS";

    public PicturesFactAttribute() => Skip ??= Folder is null ? $"{Variable} is not set to a folder." : null;

    /// <summary>Where they are to be.</summary>
    public static string? Folder { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;
}
