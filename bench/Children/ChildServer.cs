using System.Text;
using System.Threading.Channels;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench.Children;

/// <summary>A <see cref="Child"/> as the benchmark sees it.</summary>
internal sealed class ChildServer(ServerCommand command, ProcessReaper reaper) : Server(command, reaper)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(5);

    private readonly Channel<string> _answers = Channel.CreateUnbounded<string>();

    /// <summary>Sends a command and returns the answer.</summary>
    /// <exception cref="InvalidOperationException">The child has ended.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public async Task<string> AskAsync(string command, CancellationToken stop)
    {
        await Process.Input.WriteAsync(Encoding.ASCII.GetBytes(command + "\n"), stop);
        await Process.Input.FlushAsync(stop);
        var answer = _answers.Reader.ReadAsync(stop).AsTask();
        await Task.WhenAny(answer, Process.Exited).WaitAsync(AnswerLimit, stop);
        return answer.IsCompleted ? await answer : throw new InvalidOperationException($"{Name} has ended.\n{Process.Tail}");
    }

    /// <inheritdoc/>
    protected override bool TryIntercept(string line) =>
        line.StartsWith(Child.Answer, StringComparison.Ordinal) && _answers.Writer.TryWrite(line[Child.Answer.Length..]);
}
