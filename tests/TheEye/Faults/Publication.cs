using SyncCluster.TheEye.Http;

namespace SyncCluster.TheEye.Faults;

/// <summary>The publication of a message: an exchange without an answer.</summary>
internal sealed class Publication(Func<Task<Answer>> publish, CancellationToken stopping) : Exchange(publish, stopping)
{
    public override Task ReplyAsync(Answer answer) => Task.CompletedTask;

    public override Task CutOffAsync(Answer answer) => Task.CompletedTask;

    public override void Reset()
    {
    }
}
