using System.Globalization;
using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Requests;

/// <summary>How long a request waits for its job, and what its answer is.</summary>
/// <param name="Flags">What of the finished job is wanted.</param>
/// <param name="Deadlines">How long it waits.</param>
/// <param name="RespondsAsync">Whether a wait that ends before the job is answered with 202.</param>
/// <param name="IsStreamed">Whether the job is told live, as server-sent events.</param>
internal sealed record WaitPreferences(AnswerFlags Flags, WaitDeadlines Deadlines, bool RespondsAsync, bool IsStreamed)
{
    private const string Async = "respond-async";

    /// <summary>The wait as <c>Preference-Applied</c> has it; null if none was asked for.</summary>
    private string? Wait { get; init; }

    /// <summary>Whether a request asks for its job to be canceled when the last waiter has disconnected.</summary>
    public static bool CancelsOnDisconnect(HttpRequest request) => request.Query.ContainsKey("cancel_on_disconnect");

    /// <param name="request">Its flags and its <c>Prefer</c> count.</param>
    /// <param name="options">How long a request may wait.</param>
    /// <param name="customer">The customer of the task or job.</param>
    /// <param name="task">The task that is called; null if a job is asked for.</param>
    /// <param name="arrival">Any deadline of this request.</param>
    /// <param name="isStreamed">Whether the job is told live.</param>
    public static WaitPreferences Of(HttpRequest request, WaitingOptions options, string customer, string? task, Deadline arrival, bool isStreamed)
    {
        var prefer = PreferHeader.Of(request.Headers["Prefer"]);

        // A stream says at once that the job goes on.
        var respondsAsync = prefer.RespondAsync && !isStreamed;
        var wait = respondsAsync && prefer.Wait is null ? TimeSpan.Zero : options.WaitOf(prefer.Wait, customer, task);
        return new(AnswerFlags.Of(request.Query), options.DeadlinesOf(arrival, wait), respondsAsync, isStreamed)
        {
            Wait = prefer.Wait is null ? null : string.Create(CultureInfo.InvariantCulture, $"wait={(long)wait.TotalSeconds}"),
        };
    }

    /// <summary>Says which of the caller's preferences were applied.</summary>
    /// <param name="headers">The answer's.</param>
    /// <param name="isAsync">Whether the answer is a 202.</param>
    public void WriteApplied(IHeaderDictionary headers, bool isAsync)
    {
        if ((isAsync, Wait) is not (false, null))
        {
            headers["Preference-Applied"] = (isAsync, Wait) switch
            {
                (false, _) => Wait,
                (true, null) => Async,
                _ => $"{Async}, {Wait}",
            };
        }
    }
}
