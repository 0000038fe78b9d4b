using System.Diagnostics.Tracing;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Diagnostics.NETCore.Client;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>What processes use, by the accounts of the operating system.</summary>
internal static partial class Usage
{
    /// <summary>CLOCK_THREAD_CPUTIME_ID.</summary>
    private const int ThreadClock = 3;

    /// <summary>.NET gives back memory that was free at 20 collections in a row.</summary>
    private const int Collections = 25;

    /// <summary>.NET collects whenever a session with the keyword <c>GCHeapCollect</c> begins.</summary>
    private static readonly EventPipeProvider[] Collecting = [new("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, 0x800000)];

    /// <summary>The variable of a server with which <see cref="Compilation"/> is known: an hour, in hexadecimal milliseconds, until the compiler's thread ends.</summary>
    public static (string Name, string Value) KeepsCompiler => ("DOTNET_TC_BackgroundWorkerTimeoutMs", "36EE80");

    /// <summary>The variable of a server that <see cref="CollectGarbageAsync"/> reaches.</summary>
    public static (string Name, string Value) OpensDiagnostics => ("DOTNET_EnableDiagnostics", "1");

    /// <summary>The processor time that a server has used so far, by the clock of its process: <c>/proc/PID/stat</c> counts in steps of 10 ms.</summary>
    /// <exception cref="InvalidOperationException">The server has ended.</exception>
    public static TimeSpan Cpu(Server server) =>
        GetClockOf(server.Process.Id, out var clock) == 0 && GetTime(clock, out var time) == 0
            ? time.Value
            : throw new InvalidOperationException($"{server.Name} has ended.\n{server.Process.Tail}");

    /// <summary>
    /// The part of <see cref="Cpu"/> in which .NET has compiled code once more, in the background. The server has <see cref="KeepsCompiler"/>.
    /// </summary>
    public static TimeSpan Compilation(Server server)
    {
        var nanoseconds = 0L;
        foreach (var thread in Directory.EnumerateDirectories($"/proc/{server.Process.Id}/task"))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(thread, "comm")).StartsWith(".NET Tiered", StringComparison.Ordinal))
                {
                    nanoseconds += long.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
                }
            }
            catch (IOException)
            {
                // The thread has ended.
            }
        }

        return TimeSpan.FromMicroseconds(nanoseconds / 1000.0);
    }

    /// <summary>The processor time that this thread has used so far.</summary>
    public static TimeSpan CpuOfThread()
    {
        _ = GetTime(ThreadClock, out var time);
        return time.Value;
    }

    /// <summary>VmRSS of <c>/proc/PID/status</c>, in KiB.</summary>
    /// <exception cref="InvalidOperationException">The server has ended.</exception>
    public static double Resident(Server server) =>
        Field(server.Process.Id, "VmRSS:") ?? throw new InvalidOperationException($"{server.Name} has ended.\n{server.Process.Tail}");

    /// <summary>
    /// Has a server collect its garbage until it keeps no memory that it does not use, as a tool of diagnostics may. The server has <see cref="OpensDiagnostics"/>.
    /// </summary>
    /// <param name="server">The server.</param>
    /// <param name="folder">Its TMPDIR, in which .NET opens the port of its diagnostics.</param>
    /// <param name="stop">Canceled by the user.</param>
    /// <exception cref="InvalidOperationException">The server has ended, or has no such port.</exception>
    public static async Task CollectGarbageAsync(Server server, string folder, CancellationToken stop)
    {
        var port = Directory.EnumerateFiles(folder, $"dotnet-diagnostic-{server.Process.Id}-*-socket").FirstOrDefault()
            ?? throw new InvalidOperationException($"{server.Name} has no port for diagnostics.\n{server.Process.Tail}");
        try
        {
            await using var connector = await DiagnosticsClientConnector.FromDiagnosticPort($"{port},connect", stop);
            for (var collection = 0; collection < Collections; collection++)
            {
                using var session = await connector.Instance.StartEventPipeSessionAsync(Collecting, requestRundown: false, circularBufferMB: 1, stop);
                var events = session.EventStream.CopyToAsync(Stream.Null, stop);
                await session.StopAsync(stop);
                await events;
            }
        }
        catch (Exception e) when (e is DiagnosticsClientException or IOException)
        {
            throw new InvalidOperationException($"{server.Name} does not collect its garbage: {e.Message}\n{server.Process.Tail}", e);
        }
    }

    /// <summary>The most memory that a process has used so far: VmHWM of <c>/proc/PID/status</c>, in KiB.</summary>
    public static double Peak(int process) => Field(process, "VmHWM:") ?? 0;

    private static double? Field(int process, string name)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            return line is null ? null : double.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_getcpuclockid")]
    private static partial int GetClockOf(int process, out int clock);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;

        public readonly TimeSpan Value => TimeSpan.FromSeconds(Seconds) + TimeSpan.FromMicroseconds(Nanoseconds / 1000.0);
    }
}
