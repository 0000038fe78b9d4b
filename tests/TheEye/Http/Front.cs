using Microsoft.AspNetCore.Http;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.TheEye.Http;

/// <summary>Takes requests in: counts them, lets the planned faults spoil them, and writes the answers.</summary>
internal sealed class Front(FaultPlan faults, Counters counters, Changes changes, TimeProvider time)
{
    /// <summary>Serves one request of a step.</summary>
    /// <param name="context">The request.</param>
    /// <param name="step">What it asks for.</param>
    /// <param name="id">The job it is about, or for <see cref="Step.Create"/> the task.</param>
    /// <param name="act">Does it.</param>
    /// <param name="stopping">The server goes down.</param>
    public async Task ServeAsync(HttpContext context, Step step, string? id, Func<Task<Answer>> act, CancellationToken stopping)
    {
        counters.Arrive(step);
        changes.Signal();
        if (faults.Take(step, id) is not { } spoiled)
        {
            await HttpExchange.WriteAsync(context, await act());
            return;
        }

        await spoiled.Fault.PlayAsync(new HttpExchange(context, act, stopping) { Released = spoiled.Released, Time = time });
    }
}
