using Microsoft.Extensions.Logging;

namespace SyncCluster.Doors;

/// <summary>
/// The door of one silo, as a client sees it. A call is sent at once; those that come while a message is in flight go together in the next one. A
/// door that has not taken a message is closed until it answers a question.
/// </summary>
/// <param name="door">The door.</param>
/// <param name="gateway">Where the silo listens for clients.</param>
/// <param name="connections">Which silos the client reaches directly.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class SiloDoor(
    IJobDoor door, SiloAddress gateway, ClientConnections connections, TimeProvider timeProvider, ILogger logger)
{
    /// <summary>Calls in one message.</summary>
    private const int MaxCalls = 256;

    /// <summary>Bytes of arguments in one message, without those of its last call.</summary>
    private const int MaxBytes = 256 << 10;

    /// <summary>A message that takes longer does not delay the next one.</summary>
    private static readonly TimeSpan MaxDelayOfNext = TimeSpan.FromMilliseconds(100);

    /// <summary>Silos of version 0.1 have no door, and say so in their logs.</summary>
    private static readonly TimeSpan QuestionInterval = TimeSpan.FromSeconds(5);

    private readonly Queue<PendingCall> _calls = new();
    private int _inFlight;
    private bool _isWatched;
    private long _sentAt;
    private long? _askedAt;
    private volatile bool _isOpen;

    /// <summary>The silo; null until the door has said it.</summary>
    public SiloAddress? Silo { get; private set; }

    /// <summary>Where the silo listens for clients.</summary>
    public SiloAddress Gateway => gateway;

    public bool IsOpen => _isOpen && connections.AreDirect(gateway);

    /// <summary>Asks a closed door whether it is the silo's, and opens it then.</summary>
    /// <returns>Whether it is open now, and was not before.</returns>
    public async Task<bool> AskAsync()
    {
        var isAsked = _askedAt is { } askedAt && timeProvider.GetElapsedTime(askedAt) < QuestionInterval;
        if (_isOpen || isAsked || !connections.AreDirect(gateway))
        {
            return false;
        }

        _askedAt = timeProvider.GetTimestamp();
        try
        {
            Silo = await door.Who(gateway).ConfigureAwait(false);
            _isOpen = true;
        }
        catch (Exception fault)
        {
            LogUnanswered(fault, gateway);
        }

        return _isOpen;
    }

    /// <summary>Sends a call. Completes with <see cref="CallAnswer.Failed"/> if it is not known what came of it.</summary>
    public Task<CallAnswer> CallAsync(JobCall call)
    {
        var pending = new PendingCall(call);
        List<PendingCall>? first = null;
        lock (_calls)
        {
            _calls.Enqueue(pending);
            if (_inFlight == 0)
            {
                _inFlight++;
                first = Dequeue();
            }
            else if (_isWatched)
            {
                return pending.Task;
            }
            else
            {
                _isWatched = true;
            }
        }

        // The messages are of all calls, and not of the one that is the first.
        using (ExecutionContext.SuppressFlow())
        {
            _ = first is null ? WatchAsync() : SendAllAsync(first);
        }

        return pending.Task;
    }

    /// <summary>Has the calls that wait behind a message sent if its answer takes too long, until none wait.</summary>
    private async Task WatchAsync()
    {
        while (true)
        {
            await Task.Delay(MaxDelayOfNext, timeProvider).ConfigureAwait(false);
            List<PendingCall> late;
            lock (_calls)
            {
                if (_calls.Count == 0)
                {
                    _isWatched = false;
                    return;
                }

                late = timeProvider.GetElapsedTime(_sentAt) < MaxDelayOfNext ? [] : Dequeue();
                _inFlight += late.Count > 0 ? 1 : 0;
            }

            _ = SendAllAsync(late);
        }
    }

    private async Task SendAllAsync(List<PendingCall> calls)
    {
        RequestContext.Clear();
        while (calls.Count > 0)
        {
            var answers = await SendAsync(calls, () => door.Take(Silo!, [.. calls.Select(pending => pending.Call)])).ConfigureAwait(false);
            var next = TakeNext();
            Answer(calls, answers, isLast: next.Count == 0);
            calls = next;
        }
    }

    /// <summary>Sends a message about calls, and has the answers that are late fetched.</summary>
    private async Task<CallAnswer[]> SendAsync(List<PendingCall> calls, Func<Task<DoorReply>> message)
    {
        if (!IsOpen)
        {
            return AllFailed(calls);
        }

        try
        {
            var reply = await message().ConfigureAwait(false);
            if (reply.Rest is { } rest)
            {
                _ = FetchAsync(calls, rest);
            }

            return reply.Answers;
        }
        catch (Exception fault)
        {
            if (_isOpen)
            {
                _isOpen = false;
                LogClosed(fault, Silo!);
            }

            return AllFailed(calls);
        }
    }

    private async Task FetchAsync(List<PendingCall> calls, Guid rest) =>
        Answer(calls, await SendAsync(calls, () => door.Rest(Silo!, rest)).ConfigureAwait(false), isLast: false);

    /// <summary>
    /// Passes answers on. The callers continue on other threads; if this one has nothing else to do, the last of them continues here.
    /// </summary>
    private static void Answer(List<PendingCall> calls, CallAnswer[] answers, bool isLast)
    {
        for (var index = 0; index < answers.Length; index++)
        {
            calls[answers[index].Call].Answer(answers[index], isInline: isLast && index == answers.Length - 1);
        }
    }

    private static CallAnswer[] AllFailed(List<PendingCall> calls) => [.. calls.Select((_, index) => new CallAnswer.Failed(index))];

    /// <summary>
    /// The calls of the message that follows one which was answered; none, and one message less in flight, if none wait, or if another one is in flight,
    /// since one was slow.
    /// </summary>
    private List<PendingCall> TakeNext()
    {
        lock (_calls)
        {
            var next = _inFlight > 1 ? [] : Dequeue();
            _inFlight -= next.Count == 0 ? 1 : 0;
            return next;
        }
    }

    private List<PendingCall> Dequeue()
    {
        var calls = new List<PendingCall>(Math.Min(_calls.Count, MaxCalls));
        for (var bytes = 0; calls.Count < MaxCalls && bytes < MaxBytes && _calls.TryDequeue(out var pending); bytes += pending.Call.Size)
        {
            calls.Add(pending);
        }

        _sentAt = calls.Count == 0 ? _sentAt : timeProvider.GetTimestamp();
        return calls;
    }

    private sealed class PendingCall(JobCall call) : TaskCompletionSource<CallAnswer>, IThreadPoolWorkItem
    {
        private CallAnswer? _answer;

        public JobCall Call => call;

        public void Answer(CallAnswer answer, bool isInline)
        {
            if (isInline)
            {
                TrySetResult(answer);
            }
            else if (Interlocked.CompareExchange(ref _answer, answer, null) is null)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
            }
        }

        void IThreadPoolWorkItem.Execute() => TrySetResult(_answer!);
    }
}
