using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace SyncCluster.Bench;

/// <summary>
/// Clients each of which sends a call, under a key of its own, to a gateway that lives until it is answered, and then the next one. Their account has
/// what became of each call.
/// </summary>
internal sealed class Clients(ICallee callee, Chaos chaos, int calls) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });
    private readonly AuthenticationHeaderValue _token = new("Bearer", callee.Token);
    private readonly Verdict[] _verdicts = new Verdict[calls];
    private readonly float[] _begun = new float[calls];
    private readonly float[] _waits = new float[calls];

    /// <summary>Of calls that had to be sent again, what came of each time.</summary>
    private readonly ConcurrentDictionary<int, ConcurrentQueue<string>> _refusals = new();

    private readonly Findings _lost = new("were not answered");
    private readonly Findings _wrong = new("were answered wrong, or as if they had been run and were not");
    private readonly Findings _runTwice = new("were run twice");
    private int _next = -1;
    private int _answered;
    private int _ofDeadSilos;

    public int Answered => Volatile.Read(ref _answered);

    public int OfDeadSilos => _ofDeadSilos;

    /// <summary>Calls that were sent more than once.</summary>
    public int SentAgain => _refusals.Count;

    public int Lost => _lost.Count;

    public int Wrong => _wrong.Count;

    public int RunTwice => _runTwice.Count;

    /// <summary>Empty where everything is as it should be.</summary>
    public string Faults => $"{_lost}{_wrong}{_runTwice}";

    /// <summary>Ends when each call has its answer or is given up.</summary>
    public Task RunAsync(int concurrency, int seed, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, concurrency).Select(number => Task.Run(() => CallAsync(new Random(unchecked(seed + number)), stop), stop)));

    /// <summary>Holds the answers against what was run; of calls that never ran, only those may be that were not said to have.</summary>
    public void Settle()
    {
        for (var call = 0; call < calls; call++)
        {
            switch (callee.Runs(call))
            {
                case 0 when _verdicts[call] == Verdict.Right:
                    _wrong.Add(Show(call));
                    break;
                case > 1:
                    _runTwice.Add(Show(call));
                    break;
            }
        }
    }

    /// <summary>The time after which so large a share of the calls had their answers.</summary>
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
            _begun[call] = (float)chaos.Time.TotalSeconds;
            try
            {
                await UntilAnsweredAsync(call, random, limit.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                _lost.Add(Show(call));
            }

            _waits[call] = (float)Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        }
    }

    private async Task UntilAnsweredAsync(int call, Random random, CancellationToken stop)
    {
        Server? former = null;
        for (; ; )
        {
            var attempt = await SendAsync(call, Choose(random, former), stop);
            if (!attempt.IsRefusal)
            {
                Answer(call, attempt);
                return;
            }

            _refusals.GetOrAdd(call, _ => new()).Enqueue(string.Create(CultureInfo.InvariantCulture, $"{chaos.Time.TotalSeconds:0.0} s: {attempt}"));
            former = attempt.Gateway;
            await Task.Delay(attempt.RetryAfter ?? Pause, stop);
        }
    }

    private void Answer(int call, Attempt answer)
    {
        Interlocked.Increment(ref _answered);
        switch (_verdicts[call] = callee.Judge(call, answer))
        {
            case Verdict.SiloDied:
                Interlocked.Increment(ref _ofDeadSilos);
                break;
            case Verdict.Wrong:
                _wrong.Add($"{Show(call)}; {answer}");
                break;
        }
    }

    private string Show(int call) => string.Create(
        CultureInfo.InvariantCulture,
        $"{_begun[call]:0.0} s: call {call}, key {KeyOf(call)}, jobs run: {callee.JobsOf(call)}; {_verdicts[call]}; {string.Join("; ", _refusals.GetValueOrDefault(call) ?? [])}");

    /// <summary>Another one than before, where there is one.</summary>
    private Server Choose(Random random, Server? former)
    {
        var living = chaos.Living;
        var first = random.Next(living.Count);
        return living[first] == former ? living[(first + 1) % living.Count] : living[first];
    }

    private async Task<Attempt> SendAsync(int call, Server gateway, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(gateway.Address!, callee.Path));
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
