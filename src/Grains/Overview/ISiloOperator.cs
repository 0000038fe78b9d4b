using Orleans.Services;

namespace SyncCluster.Overview;

/// <summary>
/// What an operator asks of silos, through any process of the cluster. A process asks one silo that it reaches, and that one asks the others: so a
/// silo that hangs costs a second, and the storage is not needed for it.
/// </summary>
[Alias("sync.operator")]
public interface ISiloOperator : IGrainService
{
    /// <summary>Reports on all silos of the cluster. One that has not answered within a second has none.</summary>
    /// <param name="customer">Whose jobs are reported by themselves; null: those of all customers.</param>
    [Alias("survey"), ResponseTimeout("00:00:03")]
    Task<ClusterReport> Survey(string? customer);

    /// <summary>Reports on this silo.</summary>
    /// <param name="silo">The silo that is meant.</param>
    /// <param name="customer">Whose jobs are reported by themselves; null: those of all customers.</param>
    /// <exception cref="OrleansException">Another silo is meant.</exception>
    [Alias("describe"), ResponseTimeout("00:00:02")]
    Task<SiloReport> Describe(SiloAddress silo, string? customer);

    /// <summary>Has a silo of the cluster drain and stop, as when its process is told to end.</summary>
    /// <param name="silo">The silo that is meant.</param>
    [Alias("drain"), ResponseTimeout("00:00:05")]
    Task<DrainReply> Drain(SiloAddress silo);

    /// <summary>Has this silo drain and stop.</summary>
    /// <param name="silo">The silo that is meant.</param>
    /// <exception cref="OrleansException">Another silo is meant.</exception>
    [Alias("stop"), ResponseTimeout("00:00:03")]
    Task<DrainReply> Stop(SiloAddress silo);

    /// <summary>A gateway says that it is there, every few seconds.</summary>
    [Alias("gateway"), ResponseTimeout("00:00:02")]
    Task Report(GatewayReport gateway);
}

/// <summary>The answer to a request to drain a silo.</summary>
[GenerateSerializer, Alias("sync.operator.drain")]
public enum DrainReply
{
    /// <summary>It takes no more jobs from now on, and stops when those that run have ended.</summary>
    Begun = 0,

    /// <summary>It had begun before.</summary>
    StopsAlready = 1,

    /// <summary>No other silo is active, which could run what it hands over.</summary>
    IsLast = 2,

    /// <summary>There is no such silo.</summary>
    NoSuchSilo = 3,

    /// <summary>The silo has not answered. It may drain all the same.</summary>
    NoAnswer = 4,
}
