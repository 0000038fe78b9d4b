using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SyncCluster.Telemetry;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// The client of TheEye's supervisor. Only reads are repeated automatically: a repeated create makes a second job, and <c>synced</c> is not atomic,
/// so that two requests at once can run a job twice.
/// </summary>
internal sealed class SupervisorClient(
    IHttpMessageHandlerFactory handlers,
    IOptions<TheEyeOptions> options,
    ServerMetrics metrics,
    TimeProvider timeProvider,
    ILogger<TheEyeHttp> logger)
{
    public const string ClientName = "TheEye's supervisor";

    private readonly TheEyeHttp _http = new(handlers.CreateHandler(ClientName), options.Value.Supervisor, options.Value, metrics, timeProvider, logger);

    /// <summary>Reads a task's document.</summary>
    public Task<TheEyeReply> TaskAsync(string customer, string task, string token, CancellationToken cancellation) =>
        _http.SendAsync(HttpMethod.Get, $"/{Escaped(customer)}/task/{Escaped(task)}", token, null, cancellation);

    /// <summary>Creates a job that does nothing yet. The reply is its document.</summary>
    /// <param name="customer">The customer's name.</param>
    /// <param name="task">The task's id.</param>
    /// <param name="secret">The task's secret, instead of a token.</param>
    /// <param name="token">The caller's token; null with a secret.</param>
    /// <param name="body">JSON: an object with <c>task_arguments</c> and the lifecycle <c>syncing</c>.</param>
    /// <param name="cancellation">Cancels the request. The job may have been created all the same.</param>
    public Task<TheEyeReply> CreateAsync(
        string customer, string task, string? secret, string? token, ReadOnlyMemory<byte> body, CancellationToken cancellation) => _http.SendAsync(
        HttpMethod.Post,
        secret is null ? $"/{Escaped(customer)}/task/{Escaped(task)}/job" : $"/{Escaped(customer)}/task/{Escaped(task)}/secret/{Escaped(secret)}/job",
        token,
        body,
        cancellation);

    /// <summary>Releases a job. Must not be sent while an earlier request may still be under way.</summary>
    public Task<TheEyeReply> SyncedAsync(string jobId, string token, CancellationToken cancellation) =>
        _http.SendAsync(HttpMethod.Put, $"/job/{jobId}/synced", token, null, cancellation);

    /// <summary>Reads a job's document.</summary>
    public Task<TheEyeReply> JobAsync(string customer, string jobId, string token, CancellationToken cancellation) =>
        _http.SendAsync(HttpMethod.Get, $"/{Escaped(customer)}/job/{jobId}", token, null, cancellation);

    /// <summary>Reads what a caller of this server asks TheEye for.</summary>
    /// <param name="path">The path and query, escaped, without a token.</param>
    /// <param name="token">The caller's token.</param>
    /// <param name="cancellation">Cancels the request.</param>
    public Task<TheEyeReply> ForwardAsync(string path, string token, CancellationToken cancellation) =>
        _http.SendAsync(HttpMethod.Get, path, token, null, cancellation);

    /// <summary>Cancels a job, also if it was not released.</summary>
    public async Task<TheEyeReply> EndAsync(string customer, string jobId, string token, CancellationToken cancellation)
    {
        var seen = await JobAsync(customer, jobId, token, cancellation);
        if (seen is not TheEyeReply.Ok ok)
        {
            return seen;
        }

        // A refusal means that the job was released meanwhile, and can be canceled as it is.
        if (ok.ToJob() is { IsSyncing: true }
            && await HoldAsync(jobId, token, cancellation) is var held and not (TheEyeReply.Ok or TheEyeReply.Refused { Status: 400 }))
        {
            return held;
        }

        return await CancelAsync(customer, jobId, token, cancellation);
    }

    /// <summary>Puts a job that was not released on hold: only then can it be canceled.</summary>
    private Task<TheEyeReply> HoldAsync(string jobId, string token, CancellationToken cancellation) =>
        _http.SendAsync(HttpMethod.Put, $"/job/{jobId}/hold", token, null, cancellation);

    /// <summary>Cancels a job. One that has ended does not change.</summary>
    private Task<TheEyeReply> CancelAsync(string customer, string jobId, string token, CancellationToken cancellation) =>
        _http.SendAsync(HttpMethod.Put, $"/{Escaped(customer)}/job/{jobId}/cancel", token, null, cancellation);

    private static string Escaped(string part) => Uri.EscapeDataString(part);
}
