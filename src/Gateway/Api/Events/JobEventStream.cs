using System.Text;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Scripts;

namespace SyncCluster.Gateway.Api.Events;

/// <summary>
/// A job told live as server-sent events: <c>job</c>, then <c>lifecycle</c> and <c>log</c> as they come, and <c>result</c> or <c>problem</c> at the end.
/// The job's grain is asked again and again for what is new, and only when the client has taken what came before: nothing is kept for a slow one. The
/// end itself comes as to any who wait.
/// </summary>
/// <param name="request">The job.</param>
/// <param name="terms">How it is waited for, and what of its end is wanted.</param>
/// <param name="location">Where its answer is to be had.</param>
/// <param name="waiting">The wait for its end.</param>
/// <param name="grains">The cluster.</param>
/// <param name="options">How it is followed.</param>
/// <param name="timeProvider">Whose time passes.</param>
internal sealed class JobEventStream(
    JobRequest request,
    WaitPreferences terms,
    string location,
    Task<WaitResult> waiting,
    IGrainFactory grains,
    FollowingOptions options,
    TimeProvider timeProvider) : IResult
{
    private EventCursor _position;

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        _position = EventCursor.Of(httpContext.Request.Headers["Last-Event-ID"]);
        httpContext.Response.Headers["Job-Id"] = request.Job;
        if (_position.IsEnd && !waiting.IsCompleted)
        {
            // It has not ended: no event of ours has said so.
            _position = default;
        }

        if (_position.IsEnd)
        {
            // An EventSource that has read everything is told so not to come back.
            httpContext.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        try
        {
            await TellAsync(new SseWriter(httpContext, options, timeProvider), httpContext.RequestAborted);
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // The client has gone, or was cut off.
        }
    }

    private async Task TellAsync(SseWriter stream, CancellationToken gone)
    {
        if (_position == default)
        {
            stream.Add("job", null, JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("id", request.Job);
                json.WriteString("location", location);
                json.WriteString("events", JobLinks.EventsOf(location));
                json.WriteEndObject();
            }));
        }

        await stream.FlushAsync();
        for (var backoff = NewBackoff(); !waiting.IsCompleted;)
        {
            if (await LookAsync() is { } progress && Add(stream, progress.Lifecycle, progress.Log))
            {
                await stream.FlushAsync();
                backoff = NewBackoff();
            }
            else
            {
                await stream.KeepAliveAsync();
            }

            await Task.WhenAny(waiting, Task.Delay(backoff.Next(), timeProvider, gone));
        }

        var end = await waiting;
        if (end is WaitResult.Finished { Job: { Fault: null } job })
        {
            Add(stream, job.Lifecycle, LogOf(job.Document) is { } log ? JobLog.RestOf(log, _position.Log) : null, isLast: true);
        }

        switch (WaitAnswer.Of(end, request.Job, terms.Flags, location))
        {
            case JobResponse answer:
                stream.Add("result", EventCursor.Last.ToString(), ResultOf(answer));
                break;
            case Problem problem:
                stream.Add("problem", null, problem.Render().Span);
                break;
        }

        await stream.FlushAsync();
    }

    private Backoff NewBackoff() => new RetryPolicy(options.ShortestPause, options.LongestPause) { Jitter = 0 }.NewBackoff();

    /// <summary>Null where nothing is known just now: the end will be.</summary>
    private async Task<JobProgress?> LookAsync()
    {
        try
        {
            return await grains.GetJob(request.Key).Follow(_position.Log);
        }
        catch (Exception fault) when (fault is OrleansException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Adds what is new. False: nothing is.</summary>
    private bool Add(SseWriter stream, Lifecycle lifecycle, JobLog? log, bool isLast = false)
    {
        var isNew = lifecycle != _position.Lifecycle;

        // The last one comes behind the log, as it came about.
        if (isNew && !isLast)
        {
            AddLifecycle(stream, lifecycle);
        }

        var hasLog = log is not null && AddLog(stream, log);
        if (isNew && isLast)
        {
            AddLifecycle(stream, lifecycle);
        }

        return isNew || hasLog;
    }

    private void AddLifecycle(SseWriter stream, Lifecycle lifecycle)
    {
        _position = _position with { Lifecycle = lifecycle };
        stream.Add("lifecycle", _position.ToString(), JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("lifecycle", lifecycle.WireName());
            json.WriteEndObject();
        }));
    }

    /// <summary>A line an event.</summary>
    private bool AddLog(SseWriter stream, JobLog log)
    {
        if (log.From > _position.Log)
        {
            AddLine(stream, Encoding.UTF8.GetBytes(LogCut.Note(log.From - _position.Log, "\n"u8)).AsSpan()[..^1], log.From);
        }

        var hasLines = log.Text.Length > 0;
        for (var rest = log.Text.AsSpan(); !rest.IsEmpty;)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? [] : rest[(end + 1)..];
            AddLine(stream, line.EndsWith("\r"u8) ? line[..^1] : line, log.Next - rest.Length);
        }

        return hasLines;
    }

    private void AddLine(SseWriter stream, ReadOnlySpan<byte> line, long next)
    {
        _position = _position with { Log = next };
        stream.Add("log", _position.ToString(), line);
    }

    private static string? LogOf(byte[] document)
    {
        if (JobDocumentReader.Find(document)?.Result is not { } result || !JsonText.TryParse(result, out var parsed, JobDocumentReader.ReaderOptions.MaxDepth))
        {
            return null;
        }

        using (parsed)
        {
            return JsonText.TryGetMember(parsed.RootElement, "log", out var log) ? JsonText.AsString(log) : null;
        }
    }

    private static byte[] ResultOf(JobResponse answer) => JsonText.Write(
        json =>
        {
            json.WriteStartObject();
            json.WriteNumber("statusCode", answer.Status);
            if (!answer.Body.IsEmpty)
            {
                json.WritePropertyName("body");
                json.WriteRawValue(answer.Body.Span, skipInputValidation: true);
            }

            json.WriteEndObject();
        },
        answer.Body.Length + 64);
}
