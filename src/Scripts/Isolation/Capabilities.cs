using System.Globalization;
using System.Runtime.Versioning;

namespace SyncCluster.Scripts.Isolation;

/// <summary>The rights of a process over other users (capabilities(7)).</summary>
[SupportedOSPlatform("linux")]
internal static class Capabilities
{
    /// <summary>What a server needs that runs scripts as other users: to start and to end them, to find them, and to give them their files.</summary>
    private static readonly (string Name, int Bit)[] ForUsers =
        [("CHOWN", 0), ("DAC_OVERRIDE", 1), ("KILL", 5), ("SETGID", 6), ("SETUID", 7), ("SYS_PTRACE", 19)];

    /// <summary>Those that this process lacks to run scripts as other users.</summary>
    public static IReadOnlyList<string> MissingForUsers() => MissingForUsers(File.ReadLines("/proc/self/status"), NativeMethods.UserId == 0);

    /// <param name="status">The lines of <c>/proc/self/status</c>.</param>
    /// <param name="isRoot">Whether the programs that the process starts have all its capabilities; otherwise they have the ambient ones.</param>
    public static IReadOnlyList<string> MissingForUsers(IEnumerable<string> status, bool isRoot)
    {
        var field = isRoot ? "CapEff:" : "CapAmb:";
        var line = status.FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        var held = line is null ? 0 : ulong.Parse(line.AsSpan(field.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return [.. ForUsers.Where(one => (held >> one.Bit & 1) == 0).Select(one => one.Name)];
    }
}
