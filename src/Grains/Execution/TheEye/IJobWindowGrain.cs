using SyncCluster.Tasks;

namespace SyncCluster.Execution.TheEye;

/// <summary>
/// The window of a task of TheEye: which of its jobs were created and have not been read since they ended. Key: the task's <see cref="TaskKey"/>.
/// <c>JobWindowGrain</c> describes the protocol.
/// </summary>
[Alias("sync.window")]
public interface IJobWindowGrain : IGrainWithStringKey
{
    /// <summary>
    /// Asks for a place in the window. A ticket that has asked before waits for it for a moment. It keeps its turn if it asks again at once.
    /// </summary>
    /// <returns>Whether its job may be created now.</returns>
    [Alias("enter"), ResponseTimeout("00:00:05")]
    Task<bool> Enter(WindowTicket ticket);

    /// <summary>The ticket's job is created. It keeps its place until it leaves.</summary>
    [Alias("bind"), ResponseTimeout("00:00:02")]
    Task Bind(string ticket, string jobId);

    /// <summary>The ticket's job was not created and never will be.</summary>
    [Alias("withdraw"), ResponseTimeout("00:00:02")]
    Task Withdraw(string ticket);

    /// <summary>A job, or the job of a ticket, was read after its end, or will never be released.</summary>
    [Alias("leave"), ResponseTimeout("00:00:02")]
    Task Leave(string id);
}

/// <summary>A call that is to create a job.</summary>
/// <param name="Id">Unique.</param>
/// <param name="User">Who calls: users take turns. Empty for a call by the task's secret.</param>
/// <param name="Limit">How many of the task's newest jobs TheEye keeps; at least 1.</param>
[GenerateSerializer, Immutable, Alias("sync.window.ticket")]
public sealed record WindowTicket([property: Id(0)] string Id, [property: Id(1)] string User, [property: Id(2)] int Limit)
{
    /// <summary>Whether it has asked before.</summary>
    [Id(3)] public bool IsRepeated { get; init; }
}
