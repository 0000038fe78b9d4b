using Microsoft.Extensions.Logging;

namespace SyncCluster.Doors;

/// <inheritdoc cref="IJobDoor"/>
internal sealed class JobDoor(GrainId id, Silo silo, ILoggerFactory loggers, ILocalSiloDetails details, JobCallDispatcher dispatcher)
    : GrainService(id, silo, loggers), IJobDoor
{
    /// <inheritdoc/>
    public Task<SiloAddress> Who(SiloAddress gateway) => details.GatewayAddress is { Endpoint: var own } && own.Equals(gateway.Endpoint)
        ? Task.FromResult(Silo)
        : throw new OrleansException($"This is {Silo}, and not the silo at {gateway}.");

    /// <inheritdoc/>
    public Task<DoorReply> Take(SiloAddress silo, JobCall[] calls) => IsThis(silo) ? dispatcher.TakeAsync(calls) : throw Refusal(silo);

    /// <inheritdoc/>
    public Task<DoorReply> Rest(SiloAddress silo, Guid rest) => IsThis(silo) ? dispatcher.RestAsync(rest) : throw Refusal(silo);

    private bool IsThis(SiloAddress silo) => silo.Equals(Silo);

    private OrleansException Refusal(SiloAddress silo) => new($"This is {Silo}, and not {silo}.");
}
