using System.Runtime.CompilerServices;
using System.Text;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Requests;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Gateway.Tests.Waiting;

public sealed class FinishedJobsTests
{
    private static readonly string Element = new('x', 100_000);

    private readonly FinishedJobs _jobs = new();

    [Fact]
    public void All_who_ask_for_a_large_job_get_the_same_copy()
    {
        var first = _jobs.Share(Job());
        Assert.Same(first, _jobs.Share(Job()));
        Assert.Same(first, _jobs.Share(new JobReply.Finished(Job())).Job);
        Assert.NotSame(first, _jobs.Share(Job() with { Key = "acme/other" }));
    }

    [Fact]
    public void Each_form_of_a_large_job_is_made_once()
    {
        var job = _jobs.Share(Job());
        AnswerFlags[] flags = [AnswerFlags.Output, AnswerFlags.Result, AnswerFlags.Full, AnswerFlags.Parse(0)];
        foreach (var flag in flags)
        {
            var answer = JobAnswer.Of(job, DocumentForm.WithoutEnvironment, flag);
            Assert.Same(answer, JobAnswer.Of(_jobs.Share(Job()), DocumentForm.WithoutEnvironment, flag));
            Assert.IsType<JobAnswer.Shaped>(answer);
        }

        var hidden = (JobAnswer.Shaped)JobAnswer.Of(job, DocumentForm.WithoutEnvironment, AnswerFlags.Full);
        var shown = (JobAnswer.Shaped)JobAnswer.Of(job, DocumentForm.Whole, AnswerFlags.Full);
        Assert.Contains("\"NAME\":\"\"", Encoding.UTF8.GetString(hidden.Body.Span), StringComparison.Ordinal);
        Assert.Contains("\"NAME\":\"value\"", Encoding.UTF8.GetString(shown.Body.Span), StringComparison.Ordinal);
    }

    /// <summary>There is no end to the elements that a client may ask for.</summary>
    [Fact]
    public void Forms_of_what_is_not_there_take_no_more_memory_with_each_request()
    {
        var job = _jobs.Share(Job());
        var answers = Enumerable.Range(0, 1000).Select(index => JobAnswer.Of(job, DocumentForm.Whole, AnswerFlags.Parse(index))).ToArray();
        Assert.InRange(answers.Where((answer, index) => ReferenceEquals(answer, JobAnswer.Of(job, DocumentForm.Whole, AnswerFlags.Parse(index)))).Count(), 1, 100);
    }

    [Fact]
    public void Copies_that_differ_are_not_mixed_up()
    {
        var job = Job();
        _jobs.Share(job);
        FinishedJob[] others =
        [
            job with { Document = Document("other") },
            job with { State = JobState.Failure },
            job with { Access = new JobAccess(["otto@acme.example"], true, null) },
            job with { Access = new JobAccess([], true, [1]) },
            job with { Access = new JobAccess([], false, null) },
        ];
        Assert.All(others, other => Assert.Same(other, _jobs.Share(other)));
    }

    [Fact]
    public async Task A_job_is_forgotten_with_its_last_answer()
    {
        var held = ShareAndForget();
        await Eventually.TrueAsync(
            () =>
            {
                GC.Collect();
                return Task.FromResult(!held.TryGetTarget(out _));
            },
            "the job is gone",
            TimeSpan.FromSeconds(30));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference<FinishedJob> ShareAndForget()
    {
        var job = _jobs.Share(Job());
        JobAnswer.Of(job, DocumentForm.Whole, AnswerFlags.Parse(0));
        return new(job);
    }

    private static FinishedJob Job() => new("acme/0123456789abcdef01234567", Lifecycle.Finished, JobState.Success, Document("value"), new JobAccess([], true, null));

    private static byte[] Document(string value) => Encoding.UTF8.GetBytes(
        $$"""{"id":"0123456789abcdef01234567","env":{"NAME":"{{value}}"},"result":{"log":"{{Element}}"},"output":["\"{{Element}}\""]}""");
}
