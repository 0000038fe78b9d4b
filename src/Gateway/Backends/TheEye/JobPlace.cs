using SyncCluster.Execution.TheEye;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>The right of a call to have its job created. It is bound to the job, withdrawn, or given up.</summary>
internal sealed class JobPlace
{
    private readonly IJobWindowGrain? _window;
    private readonly string _ticket = "";
    private readonly Action<Exception, string> _failed = (_, _) => { };

    private JobPlace()
    {
    }

    /// <param name="window">The window that has been entered.</param>
    /// <param name="ticket">The call's ticket.</param>
    /// <param name="failed">Logs a message that was not answered, with the ticket.</param>
    public JobPlace(IJobWindowGrain window, string ticket, Action<Exception, string> failed) =>
        (_window, _ticket, _failed) = (window, ticket, failed);

    /// <summary>Of a task whose jobs are all kept.</summary>
    public static JobPlace NotNeeded { get; } = new();

    /// <summary>Whether the job is one of those that TheEye may delete.</summary>
    public bool IsNeeded => _window is not null;

    /// <summary>The job is created: it has the place until its end is stored.</summary>
    public async Task BindAsync(string jobId)
    {
        try
        {
            await (_window?.Bind(_ticket, jobId) ?? Task.CompletedTask);
        }
        catch (Exception fault)
        {
            // The job goes on. If the window is new by now, it finds the job where it is monitored.
            _failed(fault, _ticket);
        }
    }

    /// <summary>No job is created.</summary>
    public void Withdraw() => _window?.Withdraw(_ticket).Ignore();

    /// <summary>A job is or may be created, and its end need not be read.</summary>
    public void GiveUp() => _window?.Leave(_ticket).Ignore();
}
