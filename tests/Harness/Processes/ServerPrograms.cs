namespace SyncCluster.Harness.Processes;

/// <summary>The command lines of this build's programs.</summary>
public static class ServerPrograms
{
    /// <summary>A part of the line that a silo and a gateway print when they are ready.</summary>
    public const string Ready = " is ready";

    /// <summary>The setting with which they listen for HTTP on a free port of the loopback.</summary>
    public const string AnyPort = "--urls=http://127.0.0.1:0";

    public static IReadOnlyList<string> Silo { get; } = ["dotnet", Output("Silo", "dll")];

    public static IReadOnlyList<string> Gateway { get; } = ["dotnet", Output("Gateway", "dll")];

    /// <summary>A file of this build.</summary>
    /// <param name="project">The project that makes it.</param>
    /// <param name="extension">The file's extension.</param>
    public static string Output(string project, string extension) => Path.Combine(AppContext.BaseDirectory, $"SyncCluster.{project}.{extension}");
}
