using SyncCluster.Settings;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// The supervisor's requests about a monitored job, each made with the newest token of a caller first. If the supervisor refuses a token, an older
/// one is tried, and the customer's service token last.
/// </summary>
internal sealed class SupervisorRequests(SupervisorClient supervisor, ReloadedOptions<TheEyeOptions> options)
{
    private static readonly TheEyeReply.Refused NoToken = new(401, "There is no token to ask TheEye with. Configure TheEye:ServiceTokens.");

    /// <summary>The job's document.</summary>
    public Task<TheEyeReply> ReadAsync(MonitoredJob job, CancellationToken cancellation) =>
        SendAsync(job, token => supervisor.JobAsync(job.Spec.Customer, job.Spec.JobId, token, cancellation), NoToken);

    /// <summary>Cancels the job, also if it was not released.</summary>
    public Task<TheEyeReply> EndAsync(MonitoredJob job, CancellationToken cancellation) =>
        SendAsync(job, token => supervisor.EndAsync(job.Spec.Customer, job.Spec.JobId, token, cancellation), NoToken);

    /// <summary>Releases the job. The request can't be canceled, because it must be known whether it has arrived.</summary>
    /// <param name="job">The job.</param>
    /// <param name="maySend">Asked before each request. Nothing is sent if it returns false.</param>
    /// <param name="notSent">The reply if nothing was sent, also because there is no token.</param>
    public Task<TheEyeReply> ReleaseAsync(MonitoredJob job, Func<bool> maySend, TheEyeReply notSent) => SendAsync(
        job, token => maySend() ? supervisor.SyncedAsync(job.Spec.JobId, token, CancellationToken.None) : Task.FromResult(notSent), notSent);

    private async Task<TheEyeReply> SendAsync(MonitoredJob job, Func<string, Task<TheEyeReply>> send, TheEyeReply withoutToken)
    {
        var reply = withoutToken;
        foreach (var token in job.Tokens.Concat(options.Value.ServiceTokens.TryGetValue(job.Spec.Customer, out var service) ? [service] : []))
        {
            reply = await send(token);
            if (reply is not TheEyeReply.Refused { Status: 401 or 403 or 409 })
            {
                break;
            }
        }

        return reply;
    }
}
