using SyncCluster.Gateway.Requests;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Answers;

/// <summary>The answer to a call whose job has ended (TheEye's Sync API page).</summary>
internal abstract record JobAnswer
{
    private JobAnswer()
    {
    }

    /// <summary>The answer that a job has. Those who ask for the same share it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="form">How much of its document the caller may see.</param>
    /// <param name="flags">What the caller asked for.</param>
    public static JobAnswer Of(FinishedJob job, DocumentForm form, AnswerFlags flags) => job.FormOf(
        (flags.Shape == AnswerShape.Full ? form : DocumentForm.Whole, flags),
        static (job, wanted) => Shape(job.DocumentIn(wanted.Item1), job.State, wanted.flags))!;

    /// <summary>Makes the answer out of a job's document. It is a slice of the document: no digit of a number is lost, no key is reordered.</summary>
    /// <param name="document">The finished job's document: JSON, UTF-8. The body shares its memory.</param>
    /// <param name="state">How the job ended: decides the status, unless the task's own answer does.</param>
    /// <param name="flags">What the caller asked for.</param>
    public static JobAnswer Shape(ReadOnlyMemory<byte> document, JobState state, AnswerFlags flags)
    {
        if (JobDocumentReader.Find(document) is not { } parts)
        {
            return new Unreadable();
        }

        var status = state == JobState.Success ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError;
        return flags.Shape switch
        {
            AnswerShape.Full => new Shaped(status, document),
            AnswerShape.Result => Whole(status, parts.Result),
            AnswerShape.Parsed when parts.Output is { } output && ParsedOutput.Read(output, flags.Index) is { } parsed => Own(status, parsed),
            _ => Whole(status, parts.Output),
        };
    }

    private static JobAnswer Whole(int status, ReadOnlyMemory<byte>? part) => part is { } body ? new Shaped(status, body) : new Unreadable();

    private static Shaped Own(int status, ParsedOutput parsed) => parsed.Status switch
    {
        null => new Shaped(status, parsed.Json),
        StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified =>
            new Shaped(parsed.Status.Value, ReadOnlyMemory<byte>.Empty),
        { } own => new Shaped(own, parsed.Json),
    };

    /// <param name="Status">200 to 599.</param>
    /// <param name="Body">JSON, UTF-8; empty for a status that has no body.</param>
    internal sealed record Shaped(int Status, ReadOnlyMemory<byte> Body) : JobAnswer;

    /// <summary>The document is no JSON object, or lacks the part that was asked for: that is not the caller's fault.</summary>
    internal sealed record Unreadable : JobAnswer;
}
