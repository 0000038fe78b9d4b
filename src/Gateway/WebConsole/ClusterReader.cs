using SyncCluster.Doors;
using SyncCluster.Execution;
using SyncCluster.Overview;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>
/// Asks a silo for a report on the whole cluster, and passes on what an operator wants of another one. A silo that hangs is not known for some seconds:
/// if the one that is asked does not answer soon, the next one is asked beside it.
/// </summary>
internal sealed partial class ClusterReader(
    IGrainFactory grains, JobDoors doors, IServiceProvider services, TimeProvider timeProvider, ILogger<ClusterReader> logger)
{
    /// <summary>When the next silo is asked.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    /// <summary>How long a page may wait in all: a silo waits for a second for another one.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2.8);

    /// <summary>The silo in this process; null where it has none.</summary>
    private readonly SiloAddress? _own = services.GetService<ILocalSiloDetails>()?.SiloAddress;

    /// <summary>Whether this process is the whole cluster.</summary>
    public bool IsAlone => _own is not null;

    /// <summary>Reports on the cluster; null if no silo has answered in time.</summary>
    /// <param name="customer">Whose jobs are reported by themselves; null: those of all customers.</param>
    public async Task<ClusterReport?> ReadAsync(string? customer)
    {
        var limit = Task.Delay(Limit, timeProvider);
        var asked = new List<Task<ClusterReport?>>();
        foreach (var silo in Reached())
        {
            asked.Add(AskAsync(silo, customer));
            var patience = Task.Delay(Patience, timeProvider);
            if (await FirstAsync([patience, limit]) is { } report)
            {
                return report;
            }
        }

        return await FirstAsync([limit]);

        // The first report that comes before one of the ends; null if none does.
        async Task<ClusterReport?> FirstAsync(Task[] ends)
        {
            while (asked.Count > 0)
            {
                var first = await Task.WhenAny([.. asked, .. ends]);
                if (first is not Task<ClusterReport?> answered)
                {
                    return null;
                }

                asked.Remove(answered);
                if (await answered is { } report)
                {
                    return report;
                }
            }

            return null;
        }
    }

    /// <summary>Has a silo drained.</summary>
    public async Task<DrainReply> DrainAsync(SiloAddress silo)
    {
        foreach (var reached in Reached())
        {
            try
            {
                var reply = await reached.Drain(silo);
                LogDrain(silo, reply);
                return reply;
            }
            catch (Exception fault) when (fault.IsClusterFault())
            {
                // Another silo may reach it. To ask twice does no harm.
            }
        }

        LogDrain(silo, DrainReply.NoAnswer);
        return DrainReply.NoAnswer;
    }

    /// <summary>Tells a silo that this gateway is there.</summary>
    public async Task ReportAsync(GatewayReport report)
    {
        foreach (var reached in Reached())
        {
            try
            {
                await reached.Report(report);
                return;
            }
            catch (Exception fault) when (fault.IsClusterFault())
            {
                // The next one.
            }
        }
    }

    private IEnumerable<ISiloOperator> Reached() =>
        from silo in _own is { } own ? [own] : doors.OpenGateways
        select grains.GetGrainService<ISiloOperator>(GrainServiceTypes.SiloOperator, silo);

    private static async Task<ClusterReport?> AskAsync(ISiloOperator silo, string? customer)
    {
        try
        {
            return await silo.Survey(customer);
        }
        catch (Exception fault) when (fault.IsClusterFault())
        {
            return null;
        }
    }
}
