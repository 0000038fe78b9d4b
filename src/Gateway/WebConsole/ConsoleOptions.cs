namespace SyncCluster.Gateway.WebConsole;

/// <summary>The console: pages for browsers. Section <c>Console</c>.</summary>
internal sealed class ConsoleOptions
{
    public const string Section = "Console";

    /// <summary>Whether the gateway serves the console at <c>/console/</c>. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How long a browser stays signed in that is not used. Default 12 h.</summary>
    public TimeSpan Session { get; set; } = TimeSpan.FromHours(12);
}
