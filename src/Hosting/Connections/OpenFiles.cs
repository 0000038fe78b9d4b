using System.Globalization;

namespace SyncCluster.Hosting.Connections;

/// <summary>The files that this process has open.</summary>
internal static class OpenFiles
{
    private const string Field = "Max open files";

    /// <summary>
    /// How many there may be (<c>ulimit -n</c>); null if there is no limit, or if the system does not tell. The runtime has raised the limit as far as it
    /// may when it started.
    /// </summary>
    public static int? Limit { get; } = ReadLimit();

    /// <summary>
    /// How many there are; null if the system does not tell. It does not tell a process that does not run as root and that other processes of its user
    /// can't look into (<see cref="OwnProcess"/>).
    /// </summary>
    public static int? Count()
    {
        try
        {
            // Without the one that reads the folder.
            return Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - 1;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static int? ReadLimit()
    {
        try
        {
            var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
            var soft = line?[Field.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
