using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.TheEye.Http;

/// <summary>The supervisor's paths, and the credential that each needs.</summary>
internal sealed class SupervisorApi(RequestHandler requests, Accounts accounts, Supervisor supervisor, TheEyeOptions options)
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public async Task HandleAsync(HttpContext context, CancellationToken stopping)
    {
        var serving = (context.Request.Method, Request.Path(context)) switch
        {
            ("POST", [var customer, "task", var task, "job"]) => CreateAsync(context, customer, task, null, stopping),
            ("POST", [var customer, "task", var task, "secret", var secret, "job"]) => CreateAsync(context, customer, task, secret, stopping),
            ("GET", [var customer, "task", var task]) => TaskAsync(context, customer, task, stopping),
            ("PUT", ["job", var id, "synced"]) =>
                JobAsync(context, Step.Synced, null, id, "user", job => supervisor.SyncedAsync(job, stopping), stopping),
            ("PUT", ["job", var id, "hold"]) =>
                JobAsync(context, Step.Hold, null, id, "user", job => Task.FromResult(supervisor.Hold(job)), stopping),
            ("GET", [_, "job"] or ["job", "running" or "running_count"] or [_, "job", _, "input"]) => ListAsync(context),
            ("GET", [var customer, "job", var id]) =>
                JobAsync(context, Step.Job, customer, id, "viewer", job => Task.FromResult(supervisor.Get(job)), stopping),
            ("PUT", [var customer, "job", var id, "cancel"]) =>
                JobAsync(context, Step.Cancel, customer, id, "viewer", job => Task.FromResult(supervisor.Cancel(job)), stopping),
            _ => HttpExchange.WriteAsync(context, Answer.Refusal(404, "not found")),
        };
        await serving;
    }

    /// <summary>Answers with what was asked.</summary>
    private Task ListAsync(HttpContext context) => HttpExchange.WriteAsync(
        context,
        accounts.TryFind(Request.Token(context), out _)
            ? Answer.Json(JsonSerializer.SerializeToUtf8Bytes<object[]>(
                [new { asked = $"{context.Request.Path}{context.Request.QueryString}" }], Plain))
            : Answer.Refusal(401, "Unauthorized"));

    private async Task CreateAsync(HttpContext context, string customer, string taskId, string? secret, CancellationToken stopping)
    {
        var body = await Request.BodyAsync(context);
        await requests.ServeAsync(context, Step.Create, taskId, CreateAsync, stopping);

        async Task<Answer> CreateAsync()
        {
            Account? account = null;
            if (secret is null && Refusal(context, customer, "user", out account) is { } refusal)
            {
                return refusal;
            }

            if (accounts.Task(customer, taskId) is not { } task)
            {
                return Answer.Refusal(404, "task not found");
            }

            if (account is null && task.Task.Secret != secret)
            {
                return Answer.Refusal(403, "forbidden");
            }

            if (account?.Passes(task.Task) == false)
            {
                return await RefusedByAccessListAsync(context, stopping);
            }

            try
            {
                return supervisor.Create(task, account?.User, account?.Token, Arguments.Read(body), body);
            }
            catch (JsonException)
            {
                return Answer.Error(400, "the body is no JSON");
            }
        }
    }

    private Task TaskAsync(HttpContext context, string customer, string taskId, CancellationToken stopping) =>
        requests.ServeAsync(
            context,
            Step.Task,
            taskId,
            () => Refusal(context, customer, "viewer", out var account) is { } refusal ? Task.FromResult(refusal)
                : accounts.Task(customer, taskId) is not { Task: var task } ? Task.FromResult(Answer.Refusal(404, "task not found"))
                : account!.Passes(task) ? Task.FromResult(Supervisor.Document(task))
                : RefusedByAccessListAsync(context, stopping),
            stopping);

    private Task JobAsync(
        HttpContext context, Step step, string? customer, string id, string credential, Func<Job, Task<Answer>> act, CancellationToken stopping)
    {
        return requests.ServeAsync(context, step, id, AdmitAsync, stopping);

        Task<Answer> AdmitAsync()
        {
            if (Refusal(context, customer, credential, out var account) is { } refusal)
            {
                return Task.FromResult(refusal);
            }

            if (supervisor.Find(id) is not { Removed: false } job || job.Owner.Customer.Name != account!.User.Customer)
            {
                return Task.FromResult(Supervisor.NoSuchJob(id));
            }

            job.Seen(account.Token);
            var task = job.Owner.Task;
            return !account.Passes(task) ? RefusedByAccessListAsync(context, stopping)
                : step == Step.Cancel && !task.Cancellable && !Credential.Reaches(account.User, "admin")
                    ? Task.FromResult(Answer.Refusal(403, "forbidden"))
                : act(job);
        }
    }

    /// <summary>The refusal of an access list; it never comes if <see cref="TheEyeOptions.HangsOnAccessLists"/> is set.</summary>
    private async Task<Answer> RefusedByAccessListAsync(HttpContext context, CancellationToken stopping)
    {
        if (options.HangsOnAccessLists)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
            await Task.Delay(Timeout.Infinite, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stopping.ThrowIfCancellationRequested();
        }

        return Answer.Refusal(403, "forbidden");
    }

    /// <summary>The refusal of a call whose token lacks the credential; otherwise null and the account of the token.</summary>
    private Answer? Refusal(HttpContext context, string? customer, string credential, out Account? account)
    {
        if (!accounts.TryFind(Request.Token(context), out account))
        {
            return Answer.Refusal(401, "Unauthorized");
        }

        if (customer is not null && account.User.Customer != customer)
        {
            return Answer.Error(409, "the token's current customer is another");
        }

        return Credential.Reaches(account.User, credential) ? null : Answer.Refusal(403, "forbidden");
    }
}
