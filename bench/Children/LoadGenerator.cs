using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench.Children;

/// <summary>
/// HTTP clients. <c>run CONCURRENCY CALLS METHOD URL</c> makes calls; of a URL with a <c>*</c>, of all tasks that it stands for in turn.
/// <c>open N METHOD URL</c> opens N requests that wait. <c>again METHOD URL</c> lets another request follow each that is answered, until <c>enough</c>.
/// <c>ended</c> tells how many were answered, <c>close</c> waits for all that are open.
/// <c>run</c>, <c>close</c> and <c>so-far</c> answer with a <see cref="Load"/> as JSON.
/// </summary>
internal sealed class LoadGenerator : IDisposable
{
    /// <summary>The access token of all calls.</summary>
    public const string Token = "demo-token";

    private static readonly AuthenticationHeaderValue Bearer = new("Bearer", Token);
    private HttpMessageInvoker _http = New();
    private readonly ConcurrentBag<double> _woken = [];
    private readonly ConcurrentBag<double> _taken = [];
    private readonly List<Task> _open = [];
    private readonly Lock _lock = new();
    private volatile string[]? _again;
    private string? _failure;
    private int _failures;
    private int _ended;
    private long _first;
    private long _last;

    public static async Task RunAsync()
    {
        using var clients = new LoadGenerator();
        Console.Out.WriteLine($"The load generator{ServerPrograms.Ready}");
        await Child.AnswerAsync(clients.ExecuteAsync);
    }

    public void Dispose() => _http.Dispose();

    private async Task<string> ExecuteAsync(string[] command)
    {
        switch (command)
        {
            case ["run", var concurrency, var calls, var method, var url]:
                Begin();
                await CallAsync(Number(concurrency), Number(calls), new(method), new(url));
                return Measured();
            case ["open", var count, var method, var url]:
                if (_open.Count == 0)
                {
                    Begin();
                }

                for (var opened = Number(count); opened > 0; opened--)
                {
                    Open(new(method), new(url));
                }

                return "opened";
            case ["again", var method, var url]:
                _again = [method, url];
                return "ok";
            case ["enough"]:
                _again = null;
                return "ok";
            case ["ended"]:
                return _failure is null ? $"{_ended}" : $"{_ended} {_failure}";
            case ["so-far"]:
                return Measured();
            case ["close"]:
                await CloseAsync();

                // The limit of open files does not allow the connections to one server and to the next at the same time.
                _http.Dispose();
                _http = New();
                return Measured();
            default:
                throw new ArgumentException($"There is no command {string.Join(' ', command)}.");
        }

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    private static HttpMessageInvoker New() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        PooledConnectionIdleTimeout = TimeSpan.FromHours(1),
    });

    private void Begin()
    {
        _woken.Clear();
        _taken.Clear();
        (_failures, _ended, _failure) = (0, 0, null);
        _first = _last = Stopwatch.GetTimestamp();
    }

    private Task CallAsync(int concurrency, int calls, HttpMethod method, Uri url)
    {
        var left = calls;
        Uri[] urls = [.. Enumerable.Range(1, url.OriginalString.Contains('*', StringComparison.Ordinal) ? BenchTasks.Many : 1)
            .Select(number => new Uri(url.OriginalString.Replace("*", $"{number}", StringComparison.Ordinal)))];
        return Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(async () =>
        {
            for (int call; (call = Interlocked.Decrement(ref left)) >= 0;)
            {
                await OneAsync(method, urls[call % urls.Length]);
            }
        })));
    }

    private void Open(HttpMethod method, Uri url)
    {
        lock (_lock)
        {
            _open.Add(Task.Run(async () =>
            {
                await OneAsync(method, url);
                if (_again is [var nextMethod, var nextUrl])
                {
                    Open(new(nextMethod), new(nextUrl));
                }
            }));
        }
    }

    private async Task CloseAsync()
    {
        while (true)
        {
            Task[] open;
            lock (_lock)
            {
                open = [.. _open.Where(call => !call.IsCompleted)];
                if (open.Length == 0)
                {
                    _open.Clear();
                    return;
                }
            }

            await Task.WhenAll(open);
        }
    }

    private async Task OneAsync(HttpMethod method, Uri url)
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            using var request = new HttpRequestMessage(method, url);
            request.Headers.Authorization = Bearer;
            if (method == HttpMethod.Post)
            {
                request.Content = new ByteArrayContent("[]"u8.ToArray()) { Headers = { ContentType = new("application/json") } };
            }

            using var response = await _http.SendAsync(request, CancellationToken.None);
            var body = await response.Content.ReadAsByteArrayAsync();
            var now = Stopwatch.GetTimestamp();
            if (!response.IsSuccessStatusCode)
            {
                Fail($"{(int)response.StatusCode} {System.Text.Encoding.UTF8.GetString(body)}");
            }
            else if (CompletionTimestamp.Read(body) is { } stamp)
            {
                _woken.Add(Stopwatch.GetElapsedTime(stamp, now).TotalMilliseconds);
            }

            _taken.Add(Stopwatch.GetElapsedTime(begun, now).TotalMilliseconds);
            Raise(ref _last, now);
        }
        catch (HttpRequestException fault)
        {
            Fail(fault.Message);
        }

        Interlocked.Increment(ref _ended);
    }

    private static void Raise(ref long latest, long now)
    {
        for (var seen = Volatile.Read(ref latest); seen < now;)
        {
            seen = Interlocked.CompareExchange(ref latest, now, seen);
        }
    }

    private void Fail(string what)
    {
        _failure ??= what.ReplaceLineEndings(" ");
        Interlocked.Increment(ref _failures);
    }

    private string Measured() => JsonSerializer.Serialize(new Load(
        _ended, _failures, _failure, Stopwatch.GetElapsedTime(_first, _last).TotalSeconds, _last, Times.Of(_taken), Times.Of(_woken)));
}

/// <summary>What a load generator has measured.</summary>
/// <param name="Calls">How many calls have ended.</param>
/// <param name="Failures">How many of them have failed.</param>
/// <param name="Failure">The first failure.</param>
/// <param name="Seconds">The time from the begin of the first call to the last answer.</param>
/// <param name="Last">The moment of the last answer, by <see cref="Stopwatch.GetTimestamp"/>.</param>
/// <param name="Taken">How long a call took.</param>
/// <param name="Woken">How long after the job's end a call was answered.</param>
internal sealed record Load(int Calls, int Failures, string? Failure, double Seconds, long Last, Times Taken, Times Woken);

/// <param name="P50">Median, in ms; 0 where there are none.</param>
/// <param name="P99">99th percentile.</param>
/// <param name="Longest">The longest.</param>
internal sealed record Times(double P50, double P99, double Longest)
{
    public static Times Of(IReadOnlyCollection<double> times)
    {
        double[] sorted = [.. times.Order()];
        return sorted.Length == 0 ? new(0, 0, 0) : new(sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)], sorted[^1]);
    }
}
