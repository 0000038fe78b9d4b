namespace SyncCluster.Bench;

/// <summary>A subcommand.</summary>
internal interface IBenchmark
{
    string Name { get; }

    /// <summary>Its options, with the defaults.</summary>
    string Options { get; }

    /// <summary>Options with which it takes seconds, and shows only that it works.</summary>
    string[] Small { get; }

    /// <exception cref="ArgumentException">An option is not valid.</exception>
    /// <exception cref="InvalidOperationException">A call or a server failed.</exception>
    Task<Report> RunAsync(Arguments arguments, CancellationToken stop);
}
