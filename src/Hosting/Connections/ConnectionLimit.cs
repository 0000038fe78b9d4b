namespace SyncCluster.Hosting.Connections;

/// <summary>
/// How many connections a process may have. Each is an open file, and a process that has no more of them can't load a library, open a log or reach its
/// storage: a reserve is kept for what is not a connection of a client.
/// </summary>
/// <param name="Connections">Connections that may be open at once.</param>
/// <param name="Descriptors">The number of a file's descriptor from which on the reserve is in use. The lowest free number is always taken first.</param>
internal readonly record struct ConnectionLimit(int Connections, int Descriptors)
{
    /// <summary>More than that many are not opened by default, however many files may be open: each also takes memory.</summary>
    private const int Most = 32_000;

    /// <summary>For the runtime and its libraries (more than 400), Redis, the cluster's own connections, and 1024 to TheEye.</summary>
    private const int Reserve = 1500;

    /// <summary>For each script that runs: its log's pipe, its process, and what its start takes.</summary>
    private const int ReserveOfScript = 4;

    /// <param name="configured">The setting; null if there is none.</param>
    /// <param name="openFiles">How many files the process may have open; null if there is no limit.</param>
    /// <param name="scripts">How many scripts may run at once in this process.</param>
    public static ConnectionLimit Of(int? configured, int? openFiles, int scripts)
    {
        var wanted = configured ?? Most;
        if (openFiles is not { } files)
        {
            return new(wanted, int.MaxValue);
        }

        // Where few files may be open, half of them are for connections all the same.
        var reserve = Math.Min(files / 2, Reserve + (ReserveOfScript * scripts));
        return new(Math.Min(wanted, files - reserve), files - (reserve / 2));
    }
}
