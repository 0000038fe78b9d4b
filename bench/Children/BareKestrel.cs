using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Bench.Children;

/// <summary>
/// The floor of every figure: Kestrel and nothing else. It holds each request on a <see cref="TaskCompletionSource{T}"/> until another thread completes
/// it, and answers with the moment of that completion, by the clock of <see cref="Stopwatch"/>.
/// </summary>
internal static class BareKestrel
{
    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore();
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var completions = new CompletionQueue<TaskCompletionSource<long>>(1, one =>
        {
            ThreadPool.UnsafeQueueUserWorkItem(static one => one.TrySetResult(Stopwatch.GetTimestamp()), one, preferLocal: false);
            return Task.CompletedTask;
        });
        app.Run(async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null);
            var end = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            completions.Add(end);
            var answer = CompletionTimestamp.Of(await end.Task);
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = answer.Length;
            await http.Response.Body.WriteAsync(answer);
        });
        await app.StartAsync();
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{app.Urls.Single()}{ServerPrograms.Ready}"));
        await Child.AnswerAsync(completions.ExecuteAsync);
    }
}
