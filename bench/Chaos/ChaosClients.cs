using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench.Chaos;

/// <summary>
/// Clients each of which sends a call with a key of its own to a living gateway, retries until it is answered, and then makes the next call. They record
/// what came of each call.
/// </summary>
internal sealed class ChaosClients(IChaosTarget target, FaultInjector faults, int calls) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });
    private readonly AuthenticationHeaderValue _token = new("Bearer", target.Token);
    private readonly Verdict[] _verdicts = new Verdict[calls];
    private readonly float[] _begun = new float[calls];
    private readonly float[] _waits = new float[calls];

    /// <summary>The answers that each retried call got before its last one.</summary>
    private readonly ConcurrentDictionary<int, ConcurrentQueue<string>> _refusals = new();

    private readonly ViolationList _lost = new("were not answered");
    private readonly ViolationList _wrong = new("were answered wrong, or answered as if they had run and had not");
    private readonly ViolationList _runTwice = new("ran twice");
    private int _next = -1;
    private int _answered;
    private int _siloDied;

    public int Answered => Volatile.Read(ref _answered);

    public int SiloDied => _siloDied;

    /// <summary>How many calls were sent more than once.</summary>
    public int SentAgain => _refusals.Count;

    public int Lost => _lost.Count;

    public int Wrong => _wrong.Count;

    public int RunTwice => _runTwice.Count;

    /// <summary>What went wrong; empty where nothing did.</summary>
    public string Violations => $"{_lost}{_wrong}{_runTwice}";

    /// <summary>Completes when each call has its answer or has timed out.</summary>
    public Task RunAsync(int concurrency, int seed, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, concurrency).Select(number => Task.Run(() => CallAsync(new Random(unchecked(seed + number)), stop), stop)));

    /// <summary>Compares the answers with the runs: a call must not have run twice, and one with a good answer must have run.</summary>
    public void CompareWithRuns()
    {
        for (var call = 0; call < calls; call++)
        {
            switch (target.Runs(call))
            {
                case 0 when _verdicts[call] == Verdict.Right:
                    _wrong.Add(Describe(call));
                    break;
                case > 1:
                    _runTwice.Add(Describe(call));
                    break;
            }
        }
    }

    /// <summary>The time within which this share of the calls was answered, in ms.</summary>
    public double WaitOf(double share)
    {
        Array.Sort(_waits);
        return _waits[(int)Math.Ceiling(share * calls) - 1];
    }

    public void Dispose() => _http.Dispose();

    private async Task CallAsync(Random random, CancellationToken stop)
    {
        while (Interlocked.Increment(ref _next) is var call && call < calls)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(Limit);
            var begun = Stopwatch.GetTimestamp();
            _begun[call] = (float)faults.Time.TotalSeconds;
            try
            {
                await UntilAnsweredAsync(call, random, limit.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                _lost.Add(Describe(call));
            }

            _waits[call] = (float)Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }
    }

    private async Task UntilAnsweredAsync(int call, Random random, CancellationToken stop)
    {
        Server? last = null;
        for (; ; )
        {
            var attempt = await SendAsync(call, Choose(random, last), stop);
            if (!attempt.IsRefusal)
            {
                Answer(call, attempt);
                return;
            }

            _refusals.GetOrAdd(call, _ => new()).Enqueue(string.Create(CultureInfo.InvariantCulture, $"{faults.Time.TotalSeconds:0.0} s: {attempt}"));
            last = attempt.Gateway;
            await Task.Delay(attempt.RetryAfter ?? RetryDelay, stop);
        }
    }

    private void Answer(int call, Attempt answer)
    {
        Interlocked.Increment(ref _answered);
        switch (_verdicts[call] = target.Judge(call, answer))
        {
            case Verdict.SiloDied:
                Interlocked.Increment(ref _siloDied);
                break;
            case Verdict.Wrong:
                _wrong.Add($"{Describe(call)}; {answer}");
                break;
        }
    }

    private string Describe(int call) => string.Create(
        CultureInfo.InvariantCulture,
        $"{_begun[call]:0.0} s: call {call}, key {KeyOf(call)}, jobs run: {target.JobsOf(call)}; {_verdicts[call]}; {string.Join("; ", _refusals.GetValueOrDefault(call) ?? [])}");

    /// <summary>A living gateway: another one than last time, where there is one.</summary>
    private Server Choose(Random random, Server? last)
    {
        var living = faults.LivingGateways;
        var first = random.Next(living.Count);
        return living[first] == last ? living[(first + 1) % living.Count] : living[first];
    }

    private async Task<Attempt> SendAsync(int call, Server gateway, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(gateway.Address!, target.Path));
        request.Content = new ByteArrayContent(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"[\"{call}\"]"))) { Headers = { ContentType = Json } };
        request.Headers.Authorization = _token;
        request.Headers.TryAddWithoutValidation("Idempotency-Key", KeyOf(call));
        try
        {
            using var response = await _http.SendAsync(request, stop);
            return await Attempt.OfAsync(gateway, response, stop);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return new(gateway, 0, fault.Message);
        }
    }

    private static string KeyOf(int call) => string.Create(CultureInfo.InvariantCulture, $"never-{call}");
}
