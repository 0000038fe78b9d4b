using System.Globalization;
using System.Text;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Gateway.Http;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Scripts;

namespace SyncCluster.Gateway.Api.Events;

/// <summary>
/// A job told live as server-sent events: <c>job</c>, then <c>lifecycle</c> and <c>log</c> as they come, and <c>result</c> or <c>problem</c> at the end.
/// The job's grain is polled for news, and only after the client has taken the news before: nothing is buffered for a slow reader. The end itself comes
/// as it comes to every waiter.
/// </summary>
/// <param name="request">The job.</param>
/// <param name="wait">The request's wait for the job; it is disposed of here.</param>
/// <param name="flags">What of the finished job is wanted.</param>
/// <param name="form">How much of its document the caller may see.</param>
/// <param name="location">The address of the job's result.</param>
/// <param name="from">What the client has read before.</param>
/// <param name="tokens">Says whether the caller's token is still valid: the stream ends when it is not.</param>
/// <param name="grains">The cluster.</param>
/// <param name="writer">Writes to the client as fast as it reads.</param>
/// <param name="options">The times.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class JobEventStream(
    JobRequest request,
    JobWait wait,
    AnswerFlags flags,
    DocumentForm form,
    string location,
    EventCursor from,
    ITokenValidator tokens,
    IGrainFactory grains,
    PacedWriter writer,
    FollowingOptions options,
    TimeProvider timeProvider) : IResult
{
    // Without jitter: the times are configured, and a stream polls for itself alone.
    private readonly RetryPolicy _polls = new(options.ShortestPause, options.LongestPause) { Jitter = 0 };
    private EventCursor _position = (from.IsEnd ? default : from) with { Job = request.Job };

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted);
        using (wait)
        {
            var ending = wait.EndAsync(left.Token);
            httpContext.Response.Headers["Job-Id"] = request.Job;
            if (from.IsEnd && ending is { IsCompletedSuccessfully: true, Result: WaitResult.Replied })
            {
                // This tells an EventSource that has read everything not to come back.
                httpContext.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            }

            try
            {
                // If the job has not ended, the id of an end is not from an event of this job.
                var isNew = from.IsEnd || from == default;
                await WriteAsync(httpContext, isNew, ending);
            }
            catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
            {
                // The client has disconnected, or has read too slowly.
            }

            await left.CancelAsync();
        }
    }

    private async Task WriteAsync(HttpContext http, bool isNew, Task<WaitResult> ending)
    {
        var stream = new SseWriter(http, writer, options, timeProvider);
        var aborted = http.RequestAborted;
        if (isNew)
        {
            // Its id names the job already: a call that is sent again with it must not start another one.
            var prefix = http.Request.PathBase;
            await stream.AddAsync("job", _position.ToString(), JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("id", request.Job);
                json.WriteString("location", $"{prefix}{location}");
                json.WriteString("events", $"{prefix}{JobLinks.EventsOf(location)}");
                json.WriteEndObject();
            }));
        }

        await stream.FlushAsync();
        var mayGoOn = true;
        for (var pauses = _polls.NewBackoff(); (mayGoOn = await MayGoOnAsync(aborted)) && !ending.IsCompleted;)
        {
            if (await PollAsync() is { } progress && await AddNewsAsync(stream, progress))
            {
                await stream.FlushAsync();
                pauses = _polls.NewBackoff();
            }
            else
            {
                await stream.KeepAliveAsync();
            }

            await Task.WhenAny(ending, Task.Delay(pauses.Next(), timeProvider, aborted));
        }

        if (mayGoOn)
        {
            await AddEndAsync(stream, await ending);
        }
        else
        {
            // The job's cancel_on_disconnect does not count this as a disconnection.
            wait.Detach();
            await stream.AddAsync("problem", null, Problems.UnknownToken.Render());
        }

        await stream.FlushAsync();
    }

    /// <summary>
    /// Whether the caller is still who it was when the stream began. Nothing is waited for: while a token can't be checked, it counts as it did before.
    /// </summary>
    private async ValueTask<bool> MayGoOnAsync(CancellationToken aborted) =>
        request.Caller is not { } caller
        || await tokens.ValidateAsync(caller.Token, new Deadline(timeProvider, TimeSpan.Zero), aborted) switch
        {
            TokenValidation.Valid { Caller: var now } => now == caller.Caller,
            TokenValidation.Invalid => false,
            _ => true,
        };

    /// <returns>Null: nothing is known at the moment. The end will be.</returns>
    private async Task<JobProgress?> PollAsync()
    {
        try
        {
            return await grains.GetJob(request.Key).Follow(_position.Log);
        }
        catch (Exception fault) when (fault.IsClusterFault())
        {
            return null;
        }
    }

    /// <returns>Whether there was any.</returns>
    private async Task<bool> AddNewsAsync(SseWriter stream, JobProgress progress)
    {
        var isNew = progress.Lifecycle != _position.Lifecycle;
        if (isNew)
        {
            await AddLifecycleAsync(stream, progress.Lifecycle);
        }

        return (progress.Log is { } log && await AddLogAsync(stream, log.From, log.Text)) || isNew;
    }

    private async Task AddEndAsync(SseWriter stream, WaitResult result)
    {
        if (result is WaitResult.Replied { Reply: JobReply.Finished { Job: { Fault: null } job } })
        {
            // The last lifecycle comes after the log, as it came about.
            if (job.FormOf(nameof(EndedLog), static (job, _) => LogOf(job.Document)) is { } log)
            {
                var (from, text) = log.RestOf(_position.Log);
                await AddLogAsync(stream, from, text);
            }

            if (job.Lifecycle != _position.Lifecycle)
            {
                await AddLifecycleAsync(stream, job.Lifecycle);
            }
        }

        switch (JobResponse.Of(result, request.Job, flags, form, location))
        {
            case JobResponse answer:
                await stream.AddAsync("result", (_position with { IsEnd = true }).ToString(), ResultOf(answer));
                break;
            case Problem problem:
                await stream.AddAsync("problem", null, problem.Render());
                break;
        }
    }

    private ValueTask AddLifecycleAsync(SseWriter stream, Lifecycle lifecycle)
    {
        _position = _position with { Lifecycle = lifecycle };
        return stream.AddAsync("lifecycle", _position.ToString(), JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("lifecycle", lifecycle.WireName());
            json.WriteEndObject();
        }));
    }

    /// <summary>Adds an event for each line.</summary>
    /// <returns>Whether there was a line.</returns>
    private async Task<bool> AddLogAsync(SseWriter stream, long from, ReadOnlyMemory<byte> text)
    {
        if (from > _position.Log)
        {
            await AddLineAsync(stream, Encoding.UTF8.GetBytes(LogCut.Note(from - _position.Log, "\n"u8).TrimEnd('\n')), from);
        }

        var next = from + text.Length;
        for (var rest = text; !rest.IsEmpty;)
        {
            var end = rest.Span.IndexOfAny((byte)'\n', (byte)'\r');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + (rest.Span[end..].StartsWith("\r\n"u8) ? 2 : 1))..];
            await AddLineAsync(stream, line, next - rest.Length);
        }

        return !text.IsEmpty;
    }

    private ValueTask AddLineAsync(SseWriter stream, ReadOnlyMemory<byte> line, long next)
    {
        _position = _position with { Log = next };
        return stream.AddAsync("log", _position.ToString(), line);
    }

    private static EndedLog? LogOf(byte[] document)
    {
        if (JobDocumentReader.Find(document)?.Result is not { } result || !JsonText.TryParse(result, out var parsed, JobDocumentReader.ReaderOptions.MaxDepth))
        {
            return null;
        }

        using (parsed)
        {
            return JsonText.TryGetMember(parsed.RootElement, "log", out var log) && JsonText.AsString(log) is { } text ? new EndedLog(text) : null;
        }
    }

    /// <summary>JSON, in parts: the body is shared with others, and may be long.</summary>
    private static ReadOnlyMemory<byte>[] ResultOf(JobResponse answer)
    {
        var status = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"statusCode\":{answer.Status}"));
        return answer.Body.IsEmpty ? [status, "}"u8.ToArray()] : [status, ",\"body\":"u8.ToArray(), answer.Body, "}"u8.ToArray()];
    }
}
