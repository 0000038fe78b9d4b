using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using SyncCluster.Execution;
using SyncCluster.Jobs;
using SyncCluster.Quotas;

namespace SyncCluster.Bench.Children;

/// <summary>Tells a <see cref="JobCompleter"/> over a connection which jobs are released. No executor costs a silo less.</summary>
internal sealed class ExternalExecutor : IJobExecutor
{
    /// <summary>The setting with the port of the completer.</summary>
    public const string Port = "Completer:Port";

    private readonly ILocalSiloDetails _silo;
    private readonly Channel<string> _released = Channel.CreateUnbounded<string>(new() { SingleReader = true });

    public ExternalExecutor(ILocalSiloDetails silo, int port)
    {
        _silo = silo;
        _ = Task.Run(() => TellAsync(port));
    }

    /// <inheritdoc/>
    public SiloAddress Address => _silo.SiloAddress;

    /// <inheritdoc/>
    public bool IsStopping => false;

    /// <inheritdoc/>
    public Reservation TryReserve(JobSpec spec) => Reservation.Reserved;

    /// <inheritdoc/>
    public void Reserve(JobSpec spec)
    {
    }

    /// <inheritdoc/>
    public void CancelReservation(JobSpec spec)
    {
    }

    /// <inheritdoc/>
    public void Release(Release release) => Tell(release.Spec);

    /// <inheritdoc/>
    public ValueTask<Resumption> ResumeAsync(JobRecord record, CallerTokens tokens)
    {
        // It may have been stored too late to be released.
        Tell(record.Spec);
        return new(new Resumption.KeepWaiting());
    }

    /// <inheritdoc/>
    public IEnumerable<CountedJob> JobsOf(string customer) => [];

    /// <inheritdoc/>
    public ValueTask<bool> StopAsync(JobRecord record) => new(false);

    /// <inheritdoc/>
    public ValueTask<JobLog?> ReadLogAsync(JobRecord record, long from) => default;

    private void Tell(JobSpec spec) => _released.Writer.TryWrite(JobKey.Of(spec.Customer, spec.JobId));

    private async Task TellAsync(int port)
    {
        using var completer = new TcpClient { NoDelay = true };
        await completer.ConnectAsync(IPAddress.Loopback, port);
        var lines = new StringBuilder();
        while (await _released.Reader.WaitToReadAsync())
        {
            lines.Clear();
            while (_released.Reader.TryRead(out var key))
            {
                lines.Append(key).Append('\n');
            }

            await completer.GetStream().WriteAsync(Encoding.UTF8.GetBytes(lines.ToString()));
        }
    }
}
