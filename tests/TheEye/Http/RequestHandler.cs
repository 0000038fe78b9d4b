using Microsoft.AspNetCore.Http;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.TheEye.Http;

/// <summary>Handles all requests: counts them, applies the planned faults, and writes the answers.</summary>
internal sealed class RequestHandler(FaultPlan faults, Counters counters, Changes changes, TimeProvider time)
{
    /// <summary>Serves one request of a step.</summary>
    /// <param name="context">The request.</param>
    /// <param name="step">Its step.</param>
    /// <param name="id">Its job, or with <see cref="Step.Create"/> and <see cref="Step.Task"/> its task.</param>
    /// <param name="act">Executes it.</param>
    /// <param name="stopping">Canceled when the server goes down.</param>
    public async Task ServeAsync(HttpContext context, Step step, string? id, Func<Task<Answer>> act, CancellationToken stopping)
    {
        // Taken before anybody hears of the request, and clears the plan because of that.
        var fault = faults.Take(step, id);
        counters.Arrive(step, context.Request.Headers.TraceParent);
        changes.Signal();
        if (fault is not { } planned)
        {
            await HttpExchange.WriteAsync(context, await act());
            return;
        }

        await planned.Fault.PlayAsync(new HttpExchange(context, act, stopping) { Released = planned.Released, Time = time });
    }
}
