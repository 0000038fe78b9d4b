using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace SyncCluster.Bench.Children;

/// <summary>
/// What every figure stands beside: Kestrel and nothing else, which holds each request on a <see cref="TaskCompletionSource{T}"/> until another thread
/// completes it. The answer is the moment of that completion, as the clock of <see cref="Stopwatch"/> has it.
/// </summary>
internal static class Floor
{
    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore();
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var held = new Held<TaskCompletionSource<long>>(1, one =>
        {
            ThreadPool.UnsafeQueueUserWorkItem(static one => one.TrySetResult(Stopwatch.GetTimestamp()), one, preferLocal: false);
            return Task.CompletedTask;
        });
        app.Run(async http =>
        {
            await http.Request.Body.CopyToAsync(Stream.Null);
            var end = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            held.Add(end);
            var answer = Stamp.Of(await end.Task);
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = answer.Length;
            await http.Response.Body.WriteAsync(answer);
        });
        await app.StartAsync();
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{app.Urls.Single()}{Child.Ready}"));
        await Child.ObeyAsync(held.ObeyAsync);
    }
}
