using System.Diagnostics;
using System.Globalization;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench;

/// <summary>The processor time that a process has used so far, and the memory that it uses now.</summary>
/// <param name="Cpu">utime and stime of <c>/proc/PID/stat</c>.</param>
/// <param name="Resident">VmRSS of <c>/proc/PID/status</c>, in KiB.</param>
/// <param name="Private">Private_Dirty of <c>/proc/PID/smaps_rollup</c>, in KiB; null where it may not be read.</param>
internal readonly record struct Usage(TimeSpan Cpu, double Resident, double? Private)
{
    /// <exception cref="InvalidOperationException">The server has ended.</exception>
    public static Usage Of(Server server)
    {
        try
        {
            using var process = Process.GetProcessById(server.Process.Id);
            return new(
                process.TotalProcessorTime,
                Field($"/proc/{server.Process.Id}/status", "VmRSS:") ?? 0,
                Field($"/proc/{server.Process.Id}/smaps_rollup", "Private_Dirty:"));
        }
        catch (ArgumentException)
        {
            throw new InvalidOperationException($"{server.Name} has ended.\n{server.Process.Tail}");
        }
    }

    /// <summary>The most memory that a process has used so far: VmHWM of <c>/proc/PID/status</c>, in KiB.</summary>
    public static double Peak(int process) => Field($"/proc/{process}/status", "VmHWM:") ?? 0;

    public static Usage operator +(Usage one, Usage other) => new(one.Cpu + other.Cpu, one.Resident + other.Resident, one.Private + other.Private);

    public static Usage operator -(Usage one, Usage other) => new(one.Cpu - other.Cpu, one.Resident - other.Resident, one.Private - other.Private);

    private static double? Field(string path, string name)
    {
        try
        {
            var line = File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            return line is null ? null : double.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
