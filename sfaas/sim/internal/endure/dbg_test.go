package endure
import ("testing";"os";"strconv";"strings";"fmt")
func TestDbg(t *testing.T){
 s:=os.Getenv("SEED"); if s=="" {t.Skip()}
 n,_:=strconv.ParseUint(s,10,64)
 r,err:=Run(Config{Seed:n,Trace:true,Plant:os.Getenv("PLANT")})
 if err!=nil {t.Fatal(err)}
 f,_:=os.Create("/work/tmp/rec10/trace.txt"); defer f.Close()
 for _,l:=range r.Trace { fmt.Fprintln(f,l) }
 t.Log(strings.Join(r.Violations,"\n"))
}
