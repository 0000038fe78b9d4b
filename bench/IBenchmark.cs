namespace SyncCluster.Bench;

/// <summary>A subcommand.</summary>
internal interface IBenchmark
{
    string Name { get; }

    /// <summary>What it may be given, with the defaults.</summary>
    string Options { get; }

    /// <summary>Options with which it takes seconds and shows only that it works.</summary>
    string[] Small { get; }

    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="InvalidOperationException">What was measured did not work.</exception>
    Task<Report> RunAsync(Arguments arguments, CancellationToken stop);
}
