using System.Globalization;
using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Requests;

/// <summary>How long a request waits for its job, and what its answer is to be.</summary>
/// <param name="Flags">What of the finished job is wanted.</param>
/// <param name="Time">How long it waits.</param>
/// <param name="RespondsAsync">Whether a wait that ends before the job is answered with 202.</param>
/// <param name="IsFollowed">Whether the job is told live.</param>
internal sealed record WaitPreferences(AnswerFlags Flags, WaitDeadlines Time, bool RespondsAsync, bool IsFollowed)
{
    private const string Async = "respond-async";

    /// <summary>The wait as <c>Preference-Applied</c> tells it; null where none was asked for.</summary>
    private string? Wait { get; init; }

    /// <param name="request">Its flags and its <c>Prefer</c> are looked at.</param>
    /// <param name="options">How long may be waited.</param>
    /// <param name="customer">Whose task or job it is.</param>
    /// <param name="task">The task that is called; null where a job is asked for.</param>
    /// <param name="arrival">Any deadline of this request.</param>
    /// <param name="isFollowed">Whether the job is told live.</param>
    public static WaitPreferences Of(HttpRequest request, WaitingOptions options, string customer, string? task, Deadline arrival, bool isFollowed)
    {
        var preferences = PreferHeader.Of(request.Headers["Prefer"]);

        // Who follows a job is told at once that it goes on.
        var respondsAsync = preferences.RespondAsync && !isFollowed;
        var wait = respondsAsync && preferences.Wait is null ? TimeSpan.Zero : options.WaitOf(preferences.Wait, customer, task);
        return new(AnswerFlags.Of(request.Query), options.TimeOf(arrival, wait), respondsAsync, isFollowed)
        {
            Wait = preferences.Wait is null ? null : string.Create(CultureInfo.InvariantCulture, $"wait={(long)wait.TotalSeconds}"),
        };
    }

    /// <summary>Says which of the caller's preferences held.</summary>
    /// <param name="headers">The answer's.</param>
    /// <param name="isAsync">Whether the answer is that the job goes on.</param>
    public void Tell(IHeaderDictionary headers, bool isAsync)
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
