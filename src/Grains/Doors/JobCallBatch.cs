namespace SyncCluster.Doors;

/// <summary>The calls of one message at a door, and their answers until they are sent.</summary>
/// <param name="calls">How many calls.</param>
internal sealed class JobCallBatch(int calls)
{
    /// <summary>Bytes of documents in one reply, without those of its last answer.</summary>
    private const int MaxBytes = 256 << 10;

    private readonly Queue<CallAnswer> _answers = new(calls);

    // The reply is sent by the thread that brings the last answer.
    private readonly TaskCompletionSource _allAnswered = new();
    private TaskCompletionSource? _nextAnswer;
    private int _unanswered = calls;

    /// <summary>Under which name the answers that are not in the first reply are asked for. Few batches need one, and to make it is a system call.</summary>
    private Guid? _rest;

    public Task AllAnswered => _allAnswered.Task;

    public void Add(CallAnswer answer)
    {
        TaskCompletionSource? nextAnswer;
        bool isLast;
        lock (_answers)
        {
            _answers.Enqueue(answer);
            isLast = --_unanswered == 0;
            nextAnswer = _nextAnswer;
        }

        nextAnswer?.TrySetResult();
        if (isLast)
        {
            _allAnswered.SetResult();
        }
    }

    /// <summary>Completes as soon as there is an answer to send.</summary>
    public Task AnyAnsweredAsync()
    {
        lock (_answers)
        {
            return _answers.Count > 0 || _unanswered == 0 ? Task.CompletedTask : (_nextAnswer = new()).Task;
        }
    }

    /// <summary>The answers that are to be sent now.</summary>
    public DoorReply Take()
    {
        lock (_answers)
        {
            var answers = new List<CallAnswer>(_answers.Count);
            for (var bytes = 0; bytes < MaxBytes && _answers.TryDequeue(out var answer); bytes += answer.Size)
            {
                answers.Add(answer);
            }

            return new([.. answers], _answers.Count + _unanswered > 0 ? _rest ??= Guid.NewGuid() : null);
        }
    }
}
