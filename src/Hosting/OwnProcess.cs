using SyncCluster.Scripts;

namespace SyncCluster.Hosting;

/// <summary>
/// What a server does first of all. It closes itself to other processes of its user, above all to the scripts that it runs: they could read its
/// environment and its memory, with every token and password in it, through <c>/proc</c>, a debugger, or the socket of .NET's diagnostics.
/// </summary>
internal static partial class OwnProcess
{
    /// <summary>.NET's own switch of how it learns that a file has changed.</summary>
    private const string PollsFiles = "DOTNET_USE_POLLING_FILE_WATCHER";

    /// <summary>Whether the process is left open, for an operator who needs a dump or a trace: by .NET's own switch of its diagnostics.</summary>
    private static bool IsOpen => Environment.GetEnvironmentVariable("DOTNET_EnableDiagnostics") == "1";

    /// <summary>
    /// To be called before anything else. Afterwards a server that is not root can't open those files of <c>/proc/self</c> that only their owner may
    /// open, such as <c>environ</c> and <c>oom_score_adj</c>: they belong to root.
    /// </summary>
    public static void Prepare()
    {
        // For appsettings.json it would watch the working directory with all folders in it, and hear of each write of the database there. A file
        // that is a link into a mounted volume changes without an event.
        if (Environment.GetEnvironmentVariable(PollsFiles) is null)
        {
            Environment.SetEnvironmentVariable(PollsFiles, "1");
        }

        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // .NET takes over how children end when it first uses the console or starts a process, and would leave the codes to be dropped.
        NativeMethods.KeepExitCodes();
        if (!IsOpen)
        {
            NativeMethods.DenyInspection();
            RemoveDiagnosticPorts();
        }
    }

    /// <summary>Warns of a process that is left open.</summary>
    public static void WarnIfOpen(ILoggerFactory loggers)
    {
        if (IsOpen)
        {
            LogOpen(loggers.CreateLogger(typeof(OwnProcess)));
        }
    }

    /// <summary>
    /// .NET opens the ports of its diagnostics and of its debugger before it runs any code, unless the switch is 0. No process can connect to one
    /// that has lost its name.
    /// </summary>
    private static void RemoveDiagnosticPorts()
    {
        var folder = Path.GetTempPath();
        if (!Directory.Exists(folder))
        {
            return;
        }

        var process = $"{Environment.ProcessId}-{StartTime()}";
        foreach (var port in (string[])[$"dotnet-diagnostic-{process}-socket", $"clr-debug-pipe-{process}-in", $"clr-debug-pipe-{process}-out"])
        {
            File.Delete(Path.Combine(folder, port));
        }
    }

    /// <summary>The 22nd field of <c>/proc/self/stat</c>. The second one is a name in parentheses, which may contain anything.</summary>
    private static string StartTime()
    {
        var stat = File.ReadAllText("/proc/self/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
    }
}
