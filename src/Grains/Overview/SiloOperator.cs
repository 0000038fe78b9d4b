using Microsoft.Extensions.Logging;
using SyncCluster.Execution;

namespace SyncCluster.Overview;

/// <inheritdoc cref="ISiloOperator"/>
internal sealed partial class SiloOperator(
    GrainId id,
    Silo silo,
    ILoggerFactory loggers,
    IGrainFactory grains,
    IClusterMembershipService membership,
    SiloReporter reporter,
    SiloDrain drain,
    ReportedGateways gateways,
    TimeProvider timeProvider,
    ILogger<SiloOperator> logger)
    : GrainService(id, silo, loggers), ISiloOperator
{
    /// <summary>How long a silo is waited for. Orleans looks only once a second which of its calls have no answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = logger;

    /// <inheritdoc/>
    public async Task<ClusterReport> Survey(string? customer) =>
        new(
            await Task.WhenAll(membership.CurrentSnapshot.Members.Values
                .Where(member => member.Status is not (SiloStatus.Dead or SiloStatus.None))
                .Select(async member => new SiloEntry(member.SiloAddress, member.Name, member.Status, await AskAsync(member.SiloAddress, customer)))),
            gateways.All);

    /// <inheritdoc/>
    public Task<SiloReport> Describe(SiloAddress silo, string? customer) => IsThis(silo) ? Task.FromResult(reporter.Report(customer)) : throw Refusal(silo);

    /// <inheritdoc/>
    public async Task<DrainReply> Drain(SiloAddress silo)
    {
        if (membership.CurrentSnapshot.GetSiloStatus(silo) is SiloStatus.Dead or SiloStatus.None)
        {
            return DrainReply.NoSuchSilo;
        }

        try
        {
            return await On(silo).Stop(silo);
        }
        catch (Exception fault) when (fault.IsClusterFault())
        {
            LogNoAnswer(fault, silo);
            return DrainReply.NoAnswer;
        }
    }

    /// <inheritdoc/>
    public Task<DrainReply> Stop(SiloAddress silo) => IsThis(silo) ? Task.FromResult(drain.Begin()) : throw Refusal(silo);

    /// <inheritdoc/>
    public Task Report(GatewayReport gateway)
    {
        gateways.Add(gateway);
        return Task.CompletedTask;
    }

    private async Task<SiloReport?> AskAsync(SiloAddress silo, string? customer)
    {
        try
        {
            return await On(silo).Describe(silo, customer).WaitAsync(Patience, timeProvider);
        }
        catch (Exception fault)
        {
            LogNoAnswer(fault, silo);
            return null;
        }
    }

    private ISiloOperator On(SiloAddress silo) => grains.GetGrainService<ISiloOperator>(GrainServiceTypes.SiloOperator, silo);

    private bool IsThis(SiloAddress silo) => silo.Equals(Silo);

    private OrleansException Refusal(SiloAddress silo) => new($"This is {Silo}, and not {silo}.");
}
