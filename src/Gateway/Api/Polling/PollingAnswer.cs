using System.Globalization;
using System.Text.Json;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Requests;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Gateway.Api.Polling;

/// <summary>The answer of a job that has ended, by this dialect's rules: the first of <c>result</c>, <c>full</c> and <c>output</c>, else an element, read as JSON.</summary>
internal static class PollingAnswer
{
    /// <summary>The answer that a job has. Those who ask for the same share it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="jobId">Its id.</param>
    /// <param name="form">How much of its document the caller may see.</param>
    /// <param name="query">What the caller asked for.</param>
    /// <returns>Null: the document can't be read.</returns>
    public static IResult? Of(FinishedJob job, string jobId, DocumentForm form, IQueryCollection query) => job.FormOf(
        (form, Wanted.Of(query)),
        (job, wanted) => Shape(jobId, wanted.Item2.IsFull ? job.DocumentIn(wanted.form) : job.Document, job.State, wanted.Item2) switch
        {
            JobResponse answer => answer with { Source = job },
            TaskResponse answer => answer with { Source = job },
            var answer => answer,
        });

    /// <summary>Makes the answer out of a job's document.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="document">Its document: JSON, UTF-8.</param>
    /// <param name="state">How it ended: decides the status, unless the task's own answer does.</param>
    /// <param name="query">What the caller asked for.</param>
    /// <returns>Null: the document can't be read.</returns>
    public static IResult? Shape(string jobId, ReadOnlyMemory<byte> document, JobState state, IQueryCollection query) =>
        Shape(jobId, document, state, Wanted.Of(query));

    private static IResult? Shape(string jobId, ReadOnlyMemory<byte> document, JobState state, Wanted wanted)
    {
        if (wanted.Whole is { } flags)
        {
            return JobAnswer.Shape(document, state, flags) is JobAnswer.Shaped whole
                ? new JobResponse(jobId, whole.Status, whole.Body)
                : null;
        }

        var status = state == JobState.Success ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError;
        return JobDocumentReader.Find(document) is { Output: { } output, Result: var result } ? Parsed(jobId, status, output, result, wanted.Index) : null;
    }

    private static IResult Parsed(string jobId, int status, ReadOnlyMemory<byte> output, ReadOnlyMemory<byte>? result, int? index)
    {
        // A missing element is null, and so is empty text: the original does not parse it.
        if (index is null || ParsedOutput.Element(output, index.Value) is not { Length: var length } element || element.Span is [(byte)'"', (byte)'"'])
        {
            return new JobResponse(jobId, status, "null"u8.ToArray());
        }

        if (element.Span[0] is (byte)'{' or (byte)'[')
        {
            return Unreadable(jobId, "The element is no text.", result);
        }

        var text = element.Span[0] == (byte)'"' ? ParsedOutput.Text(element) : element;
        try
        {
            using var json = JsonDocument.Parse(LoneSurrogates.Replaced(text), JsonText.DocumentOptions);
            return JsonText.TryGetMember(json.RootElement, "response", out var response) && JsonText.IsTruthy(response)
                ? TaskResponse.Of(jobId, status, response)
                : Own(jobId, StatusOf(json.RootElement) ?? status, text);
        }
        catch (JsonException fault)
        {
            // The reader's own message would quote the text.
            return Unreadable(
                jobId, string.Create(CultureInfo.InvariantCulture, $"No JSON at line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}."), result);
        }
    }

    /// <summary>The status that a <c>statusCode</c> means; only a number counts here.</summary>
    public static int? StatusOf(JsonElement json) =>
        JsonText.TryGetMember(json, "statusCode", out var code)
        && code.ValueKind == JsonValueKind.Number
        && code.TryGetDouble(out var number)
        && double.IsInteger(number)
        && number is >= 200 and <= 599
            ? (int)number
            : null;

    public static bool HasBody(int status) =>
        status is not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified);

    private static JobResponse Own(string jobId, int status, ReadOnlyMemory<byte> text) => new(jobId, status, HasBody(status) ? text : default);

    private static JobResponse Unreadable(string jobId, string details, ReadOnlyMemory<byte>? result) =>
        new(jobId, StatusCodes.Status500InternalServerError, JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("message", "The task's output can't be parsed.");
            json.WriteString("details", details);
            json.WritePropertyName("result");
            json.WriteRawValue(result is { } known ? known.Span : "null"u8, skipInputValidation: true);
            json.WriteEndObject();
        }));

    /// <summary>What a query asks for.</summary>
    /// <param name="Whole">The part of the document that is wanted as it is; null for an element of the output.</param>
    /// <param name="Index">The element; null if <c>parse</c> names none.</param>
    private readonly record struct Wanted(AnswerFlags? Whole, int? Index)
    {
        public bool IsFull => Whole is { Shape: AnswerShape.Full };

        public static Wanted Of(IQueryCollection query) =>
            query.ContainsKey("result") || query.ContainsKey("full") ? new(AnswerFlags.Of(query), null)
            : query.ContainsKey("output") ? new(AnswerFlags.Output, null)
            : !query.ContainsKey("parse") ? new(null, 0)
            : AnswerFlags.Of(query) is { Shape: AnswerShape.Parsed, Index: var index } ? new(null, index)
            : default;
    }
}
