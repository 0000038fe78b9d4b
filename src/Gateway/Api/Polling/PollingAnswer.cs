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
    /// <summary>Makes the answer out of a job's document.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="document">Its document: JSON, UTF-8.</param>
    /// <param name="state">How it ended: decides the status, unless the task's own answer does.</param>
    /// <param name="query">What the caller asked for.</param>
    /// <returns>Null: the document can't be read.</returns>
    public static IResult? Shape(string jobId, ReadOnlyMemory<byte> document, JobState state, IQueryCollection query)
    {
        if (query.ContainsKey("result") || query.ContainsKey("full") || query.ContainsKey("output"))
        {
            return JobAnswer.Shape(document, state, IsWhole(query) ? AnswerFlags.Of(query) : AnswerFlags.Output) is JobAnswer.Shaped whole
                ? new JobResponse(jobId, whole.Status, whole.Body)
                : null;
        }

        var status = state == JobState.Success ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError;
        return JobDocumentReader.Find(document) is { Output: { } output, Result: var result } ? Parsed(jobId, status, output, result, IndexOf(query)) : null;
    }

    /// <summary>Whether the query has a flag that both dialects have.</summary>
    private static bool IsWhole(IQueryCollection query) => query.ContainsKey("result") || query.ContainsKey("full");

    /// <returns>Null: <c>parse</c> names no element.</returns>
    private static int? IndexOf(IQueryCollection query) => !query.ContainsKey("parse") ? 0
        : AnswerFlags.Of(query) is { Shape: AnswerShape.Parsed, Index: var index } ? index
        : null;

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
}
